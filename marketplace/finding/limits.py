"""How often somebody may search: far more than people do, and less than takes the search from the others.

Each web process counts for itself, and the machine itself is not counted.
"""

from marketplace.web.limits import account_or_origin, limit, local

searching = limit("search", "600/minute", account_or_origin, counted_by=local, methods=("GET",))
suggesting = limit("suggest", "1800/minute", account_or_origin, counted_by=local, methods=("GET",))
"""A letter typed is a question asked."""
