"""Organisations: who belongs to them, in what role, and whether an operator has verified them."""
