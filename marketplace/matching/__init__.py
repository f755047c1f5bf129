"""Matching: why a result and a need belong together."""
