"""Yinqiao, a technology-transfer marketplace. See README.md for the rooms and the direction of imports."""
