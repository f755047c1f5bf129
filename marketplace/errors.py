"""What can go wrong, in the words of the product; web/ turns these into pages and problem+json.

MarketplaceError
├── NotFound      there is no such thing, as far as this reader may know
├── Unauthorised  nobody is signed in, or the token is no longer good
├── Forbidden     the reader may see it but not do this
├── Invalid       fields: {name: message}; the name "" means the request as a whole
├── Conflict      somebody else was faster, or the thing is no longer in the state the reader saw
├── TooMany       done too often; wait: seconds until it may be done again
└── Unavailable   a part the answer needs does not respond; nothing was lost

Messages are Phrases (marketplace.phrases), so that they reach each reader in their language.
"""

from collections.abc import Mapping

from marketplace.phrases import say


class MarketplaceError(Exception):
    status = 500
    title = say("Something went wrong on our side")

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(MarketplaceError):
    status = 404
    title = say("There is no such page, or it is not for you to see")


class Unauthorised(MarketplaceError):
    status = 401
    title = say("Sign in first")


class Forbidden(MarketplaceError):
    status = 403
    title = say("You may not do this")


class Invalid(MarketplaceError):
    status = 422
    title = say("Something needs correcting")

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {message}" for name, message in fields.items()))
        self.message = fields.get("", "")
        self.fields = dict(fields)


class Conflict(MarketplaceError):
    status = 409
    title = say("It has changed meanwhile")


class TooMany(MarketplaceError):
    status = 429
    title = say("Too many tries; please wait a little")

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


class Unavailable(MarketplaceError):
    status = 503
    title = say("This is not available right now")


def require(allowed: bool, message: str = "") -> None:
    """Raise Forbidden unless `allowed`."""
    if not allowed:
        raise Forbidden(message)
