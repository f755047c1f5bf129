"""Seating: who sits at which table of an edition, and why."""
