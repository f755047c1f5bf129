"""Listings: technology results and needs, from draft through review to expiry."""
