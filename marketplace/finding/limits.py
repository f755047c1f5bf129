"""How often somebody may search: far more than people do, and less than takes the search from the others.

Each web process counts for itself, and the machine itself is not counted.
"""

from marketplace.rates import Rate
from marketplace.web.limits import Limit, account_or_origin, local

searching = Limit("search", (Rate(600, 60),), account_or_origin, store=local, methods=("GET",))
suggesting = Limit("suggest", (Rate(1_800, 60),), account_or_origin, store=local, methods=("GET",))
"""A letter typed is a question asked."""
