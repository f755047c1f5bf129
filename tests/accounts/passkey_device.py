"""A device that makes and shows passkeys as the standard says, or wrongly where a test wants it."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ADDRESS = "https://market.example"
PRESENT, VERIFIED, WITH_KEY = 1, 4, 64


def coded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "===")


class Device:
    """It keeps one passkey. `count` is how often it was used, as it says; None: it does not count."""

    def __init__(self, count: int | None = 0, origin: str = ADDRESS) -> None:
        self.key, self.id = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(20)
        self.count, self.origin, self.handle, self.verifies = count, origin, "", True

    def make(self, options: dict[str, Any], **wrong: Any) -> str:
        """What a browser sends for these options, given for a new passkey."""
        self.handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        known = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        seen = self._seen(wrong.pop("name", options["rp"]["id"]), WITH_KEY) + known
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": seen})
        return self._answer("webauthn.create", options, wrong, attestationObject=coded(attestation))

    def show(self, options: dict[str, Any], **wrong: Any) -> str:
        """What a browser sends for these options, given to somebody who signs in."""
        if self.count is not None:
            self.count += 1
        seen = self._seen(wrong.pop("name", options["rpId"]))
        said = self._said("webauthn.get", options, wrong)
        signature = self.key.sign(seen + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer("webauthn.get", options, wrong, authenticatorData=coded(seen), signature=coded(signature),
                            userHandle=wrong.get("handle", self.handle))

    def _seen(self, name: str, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(name.encode()).digest() + bytes([flags]) + (self.count or 0).to_bytes(4, "big")

    def _said(self, what: str, options: dict[str, Any], wrong: dict[str, Any]) -> bytes:
        return json.dumps({"type": what, "challenge": wrong.get("challenge", options["challenge"]),
                           "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, what: str, options: dict[str, Any], wrong: dict[str, Any], **response: str) -> str:
        response["clientDataJSON"] = coded(self._said(what, options, wrong))
        return json.dumps({"id": coded(self.id), "rawId": coded(self.id), "type": "public-key", "response": response,
                           "clientExtensionResults": {}})
