"""Seating: who sits at which table of an edition, and why.

Numbers only (no database, no pages, no words): `problem` says what is asked and what a seating is worth, `worth` counts
it and what a change by hand would cost, `rules` names what cannot be had, `solving` seats everybody within a time,
`greedy` at once, `bounds` says what nobody can surpass, `explaining` why somebody sits where they sit, `rounds` mixes
the tables anew, `meeting_slots` arranges talks of two.
"""
