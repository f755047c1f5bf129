"""Tests of the search port and of both engines."""
