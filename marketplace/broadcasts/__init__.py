"""Broadcasts: one need told to everybody who asked to hear of such needs."""
