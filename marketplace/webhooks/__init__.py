"""Webhooks: an organisation's own programs are told of its facts, signed, as they happen."""
