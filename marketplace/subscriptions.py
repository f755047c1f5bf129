"""What follows from what: every topic and who hears of it, on one screen."""

from marketplace.outbox import Handler


def table() -> dict[str, dict[str, Handler]]:
    """topic -> {subscriber: handler}; a handler gets the ids of the subjects and re-reads their rows."""
    return {
        "listing.changed": {},
        "organisation.changed": {},
    }
