"""What a device is asked to sign, and whether it has: the part of passkeys that is the library's.

The library takes a sixth of a second to load, so this module is imported where a passkey is made or shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

REQUIRED = UserVerificationRequirement.REQUIRED

log = logging.getLogger(__name__)


def options_for_new(
    site: str, challenge: str, handle: str, *, email: str, name: str, known: Sequence[str], milliseconds: int
) -> str:
    """What a browser passes to a device that is to make a passkey, as JSON; one that has one of the `known` refuses."""
    return options_to_json(generate_registration_options(
        rp_id=site, rp_name="Yinqiao 引桥", user_name=email, user_display_name=name,
        user_id=base64url_to_bytes(handle), challenge=base64url_to_bytes(challenge), timeout=milliseconds,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED),
    ))


def options_for_one(site: str, challenge: str, milliseconds: int) -> str:
    """The same for somebody who signs in: their device knows who they are."""
    return options_to_json(generate_authentication_options(
        rp_id=site, challenge=base64url_to_bytes(challenge), timeout=milliseconds, user_verification=REQUIRED,
    ))


def made(answer: dict[str, Any], challenge: str, site: str, origin: str) -> tuple[str, str, int] | None:
    """(the passkey's id, its public key, its count) in a device's answer; None when the answer is not sound."""
    found = _verified(verify_registration_response, answer, challenge, site, origin)
    if found is None:
        return None
    return bytes_to_base64url(found.credential_id), bytes_to_base64url(found.credential_public_key), found.sign_count


def count_of(answer: dict[str, Any], challenge: str, site: str, origin: str, public_key: str) -> int | None:
    """How often the device says it has used the passkey; None when its answer is not sound.

    Our count is not given to the library: it would look at it before the signature, and then anybody could bring the
    complaint about.
    """
    found = _verified(verify_authentication_response, answer, challenge, site, origin, credential_current_sign_count=0,
                      credential_public_key=base64url_to_bytes(public_key))
    return None if found is None else int(found.new_sign_count)


def _verified(
    verify: Callable[..., Any], answer: dict[str, Any], challenge: str, site: str, origin: str, **known: Any
) -> Any:
    try:
        return verify(credential=answer, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=site,
                      expected_origin=origin, require_user_verification=True, **known)
    except Exception as problem:  # its parsers let through whatever somebody's broken CBOR or JSON brings them to
        log.info("a passkey was refused: %s: %.200r", type(problem).__name__, str(problem))
        return None
