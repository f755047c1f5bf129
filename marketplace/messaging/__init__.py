"""Messaging: threads between the sides of a case, notices, and mail."""
