"""A small system that signs people in (OpenID Connect), over real HTTP on this machine, and lies when it is told to."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT = "yinqiao"


class Provider:
    """Whoever comes is `person`; `changes` are put over the claims of the next token, None takes one away."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.person: dict[str, Any] = {"sub": "u-1", "email": "wei@institute.example", "email_verified": True,
                                       "name": "Wei Lan", "locale": "en-GB"}
        self.changes: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.told_apart: dict[str, Any] | None = None
        """What the userinfo endpoint says."""
        self.sign_with: Any = None
        self.algorithm = "RS256"
        self.down = False
        self.asked: dict[str, dict[str, str]] = {}
        self.tokens_given = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def visit(self, address: str) -> str:
        """What a browser does there: sign in and be sent back; the address it is sent to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code" and query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        back = urlsplit(query["redirect_uri"])
        return f"{back.path}?code={code}&state={query['state']}"

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """A code for a token, once, and only for whoever began."""
        query = self.asked.pop(form.get("code", ""), None)
        if query is None:
            return 400, {"error": "invalid_grant"}
        proof = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if proof != query["code_challenge"] or form.get("redirect_uri") != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        self.tokens_given += 1
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"],
                  **self.person, **self.changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.sign_with or self.key,
                            algorithms=[self.algorithm])
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": signed}

    def sign_with_shared_secret(self, secret: str) -> None:
        self.sign_with, self.algorithm = OctKey.import_key(secret), "HS256"

    def document(self) -> dict[str, Any]:
        base = self.issuer
        return {"issuer": base, "authorization_endpoint": f"{base}/authorise", "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys", "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                **({"userinfo_endpoint": f"{base}/userinfo"} if self.told_apart is not None else {}), **self.discovery}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = {
                    "/.well-known/openid-configuration": provider.document,
                    "/keys": lambda: {"keys": [provider.key.as_dict(private=False)]},
                    "/userinfo": lambda: provider.told_apart,
                }.get(self.path)
                self._answer(*((200, found()) if found else (404, {})))

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(sent).items()}
                self._answer(*provider.exchange(form))

            def _answer(self, status: int, body: Any) -> None:
                if provider.down:
                    status, body = 503, {"error": "down"}
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
