"""Supplier libraries: whom a buyer has accepted, and until when."""
