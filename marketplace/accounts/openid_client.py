"""The way to the other system and back, by Authlib: authorisation code with PKCE, state and nonce; its addresses and
keys come from its discovery document, and nothing is believed that it has not signed for us.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import Response, current_app, request
from joserfc.errors import JoseError
from requests import RequestException

from marketplace.accounts import links, openid
from marketplace.accounts.openid import Claims, NotLetIn, OutOfReach
from marketplace.accounts.service import normal
from marketplace.config import OpenIdSettings
from marketplace.errors import NotFound
from marketplace.phrases import LANGUAGES, say

RETURN = "/sign-in/openid/return"
PATIENCE = 5
"""Seconds for each question asked there."""
PAUSE = 15
"""Seconds in which nobody has to wait anew for a system that has not answered."""
RENEWED = 6 * 3600
"""Seconds for which what it says of itself is believed."""
LEEWAY = 60
"""Seconds by which its clock may be wrong."""
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the other system can make; none, and those with a shared secret, are not among them."""
BROKEN = (AuthlibBaseError, JoseError, RequestException, RuntimeError, ValueError, KeyError, TypeError,
          AttributeError)
"""What may happen to an answer that is not as it should be."""

log = logging.getLogger(__name__)


@dataclass
class Known:
    """What this process knows of the other system."""

    settings: OpenIdSettings
    app: FlaskOAuth2App
    since: float
    silent_until: float = 0.0


def leave() -> Response:
    """Send the browser there."""
    app = _ready()
    answer: Response = app.authorize_redirect(links.to(RETURN))
    return answer


def come_back() -> Claims:
    """Who has come back from there; raises NotLetIn."""
    if "error" in request.args:
        log.info("openid: refused there: %.80r", request.args["error"])
        raise NotLetIn(say("{system} did not sign you in, or you broke off.", system=openid.settings().label))
    app = _ready()
    try:
        token = app.authorize_access_token(claims_options=_claims_options(app), leeway=LEEWAY)
        found = dict(token["userinfo"])
        found |= _asked_for(app, token, found)
    except MismatchingStateError:
        raise NotLetIn(say("This way in has been used already, has taken more than an hour, or began in another "
                           "browser. Begin again.")) from None
    except RequestException as error:
        raise _out_of_reach(error) from None
    except BROKEN as error:
        log.warning("openid: an answer was not taken: %s: %.200s", type(error).__name__, error)
        raise NotLetIn(say("The answer of {system} could not be trusted, so nobody was signed in. Begin again; if it "
                           "happens once more, tell the operators.", system=openid.settings().label)) from None
    return _claims(found)


def _ready() -> FlaskOAuth2App:
    known = _known()
    if known.silent_until > time.monotonic():
        raise OutOfReach(_silent())
    try:
        told = known.app.load_server_metadata()
    except (RequestException, ValueError) as error:
        known.silent_until = time.monotonic() + PAUSE
        raise _out_of_reach(error) from None
    signed_by = [one for one in told.get("id_token_signing_alg_values_supported") or ["RS256"] if one in SIGNED_BY]
    if str(told.get("issuer")).rstrip("/") != known.settings.issuer.rstrip("/") or not signed_by:
        log.error("openid: the document there is not that of %s", known.settings.issuer)
        current_app.extensions.pop("openid", None)
        raise OutOfReach(say("{system} is not set up rightly for signing in. Tell the operators, and sign in with "
                             "your password meanwhile.", system=openid.settings().label))
    told["id_token_signing_alg_values_supported"] = signed_by
    return known.app


def _known() -> Known:
    settings = openid.settings()
    if not settings:
        raise NotFound
    known: Known | None = current_app.extensions.get("openid")
    if known is None or known.settings != settings or known.since < time.monotonic() - RENEWED:
        options: dict[str, Any] = {"scope": "openid email profile", "code_challenge_method": "S256",
                                   "default_timeout": PATIENCE}
        if settings.client_secret is None:
            options["token_endpoint_auth_method"] = "none"  # noqa: S105  a public client; PKCE guards it
        app = FlaskOAuth2App(
            FlaskIntegration("openid"), "openid", client_id=settings.client_id, client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs=options,
        )
        known = current_app.extensions["openid"] = Known(settings, app, time.monotonic())
    return known


def _claims_options(app: FlaskOAuth2App) -> dict[str, Any]:
    return {"iss": {"essential": True, "value": app.load_server_metadata()["issuer"]},
            "aud": {"essential": True, "value": app.client_id}, "sub": {"essential": True}}


def _asked_for(app: FlaskOAuth2App, token: dict[str, Any], signed: dict[str, Any]) -> dict[str, Any]:
    """Some systems tell the address only when they are asked for it."""
    if signed.get("email") or not app.load_server_metadata().get("userinfo_endpoint"):
        return {}
    told = dict(app.userinfo(token=token))
    if told.get("sub") != signed["sub"]:
        raise ValueError("the answer is about somebody else")
    return {name: told.get(name) for name in ("email", "email_verified", "name", "locale")}


def _claims(found: dict[str, Any]) -> Claims:
    language = str(found.get("locale") or "")[:2].lower()
    email, name = found.get("email"), found.get("name") or found.get("preferred_username")
    return Claims(
        issuer=str(found["iss"]), subject=str(found["sub"]), email=normal(email) if isinstance(email, str) else "",
        verified=found.get("email_verified") is True, name=name[:80] if isinstance(name, str) else "",
        language=language if language in LANGUAGES else None,
    )


def _out_of_reach(error: Exception) -> OutOfReach:
    log.warning("openid: no answer: %s: %.200s", type(error).__name__, error)
    return OutOfReach(_silent())


def _silent() -> Any:
    return say("{system} does not answer right now. Try again in a few minutes, or sign in with your password.",
               system=openid.settings().label)
