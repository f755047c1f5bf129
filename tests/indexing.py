"""For tests that search: put what is in the database into the index."""

from marketplace import index
from marketplace.db import session
from marketplace.listings import documents


def index_listings() -> None:
    """Index every listing there is, without detaching the test's objects from the session as a rebuild would."""
    index.keep(documents.LISTINGS)(list(documents.every_id()))
    for row in list(session):
        session.refresh(row)  # so that it can still be read when a request has closed the session


class EngineThatIsDown:
    """Every question to it fails as a server that went away."""

    name, layout = "down", 0

    def __getattr__(self, name: str):
        from search import Unavailable

        def refuse(*_: object, **__: object) -> None:
            raise Unavailable("connection refused")

        return refuse
