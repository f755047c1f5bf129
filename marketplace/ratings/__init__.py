"""Ratings: what two people who sat together say of it afterwards."""
