"""Introductions: the pipeline from interest to use."""
