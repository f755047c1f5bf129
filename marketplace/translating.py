"""Who translates what people have written: nobody, or a server that speaks as LibreTranslate does.

A translator gets public text only, and what it gives back is called a machine's until a person has read it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import urllib3
from urllib3.exceptions import HTTPError

from marketplace.config import TranslatorSettings
from marketplace.errors import Unavailable

ANY = "auto"
"""The source's language, where we do not know it."""
SPELLINGS = {"zh": ("zh", "zh-Hans", "zh-CN", "zh_CN", "zho"), "en": ("en", "en-GB", "en-US", "eng"), ANY: (ANY,)}
"""What servers call our languages."""
_MOST_BYTES = 4 << 20
_QUOTED = 160
_TRY_AGAIN = (429, 500, 502, 503, 504)
_ABOUT_THE_TEXT = (400, 413, 422)
_LANGUAGES_FOR = 3_600.0
"""Seconds for which we take a server's list of languages as known."""


class Refused(Exception):
    """The translator cannot do anything with this text; another may go through."""


class Translator(Protocol):
    name: str

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Each text in the target language, in the same order; an empty one stays empty.

        `source` and `target` are zh or en, `source` may be ANY. Raises errors.Unavailable when no text would get
        through now, Refused when these would not.
        """


class NoTranslator:
    name = "none"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        raise Unavailable("no translator is set up")


class HttpTranslator:
    """One request for all texts, tried `attempts` times within `timeout` seconds in all."""

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 15.0, attempts: int = 3, back_off: float = 0.5
    ) -> None:
        self.name = "http"
        self._url, self._key = url.rstrip("/").removesuffix("/translate"), key
        self._timeout, self._attempts, self._back_off = timeout, attempts, back_off
        self._pool = urllib3.PoolManager(retries=False)
        self._pairs: dict[str, set[str]] = {}
        self._asked_at = float("-inf")

    def __repr__(self) -> str:
        return f"HttpTranslator({self._url!r})"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        spoken = self._codes(source, target)
        sent = [text for text in texts if text.strip()]
        if not sent:
            return [""] * len(texts)
        body = {"q": sent, "source": spoken[0], "target": spoken[1], "format": "text"}
        if self._key:
            body["api_key"] = self._key
        back = iter(_checked(self._ask("POST", "/translate", body), sent, self._url))
        return [next(back) if text.strip() else "" for text in texts]

    def _codes(self, source: str, target: str) -> tuple[str, str]:
        """What the server calls the two languages. Raises Unavailable when it cannot do them."""
        if time.monotonic() - self._asked_at > _LANGUAGES_FOR:
            self._pairs, self._asked_at = _pairs(self._ask("GET", "/languages", None), self._url), time.monotonic()
        sources = [ANY] if source == ANY else [code for code in SPELLINGS[source] if code in self._pairs]
        for one in sources:
            reach = set().union(*self._pairs.values()) if one == ANY else self._pairs[one]
            if found := next((code for code in SPELLINGS[target] if code in reach), None):
                return one, found
        self._asked_at = float("-inf")  # somebody may be adding the language: ask again next time
        raise Unavailable(f"the translator at {self._url} does not translate from {source} to {target}; it knows: "
                          f"{', '.join(sorted(self._pairs)) or 'nothing'}")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        until = time.monotonic() + self._timeout
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        for attempt in range(1, self._attempts + 1):
            try:
                status, answer = self._once(method, path, sent, until)
            except (HTTPError, OSError) as error:
                problem = f"cannot be reached: {str(error).rpartition(': ')[2] or type(error).__name__}"
            else:
                if status == 200:
                    return _read(answer, self._url)
                problem = f"answered {status}: {self._without_key(_quoted(answer))}"
                if status in _ABOUT_THE_TEXT:
                    raise Refused(f"the translator at {self._url} {problem}")
                if status not in _TRY_AGAIN:
                    break
            pause = self._back_off * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311 - it spreads, no more
            if attempt == self._attempts or time.monotonic() + pause >= until:
                break
            time.sleep(pause)
        raise Unavailable(f"the translator at {self._url} {problem}")

    def _once(self, method: str, path: str, body: bytes | None, until: float) -> tuple[int, bytes]:
        response = self._pool.request(
            method, self._url + path, body=body, redirect=False, preload_content=False,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            timeout=urllib3.Timeout(total=max(0.05, until - time.monotonic())),
        )
        try:
            answer = bytearray()
            while piece := response.read1(1 << 16):
                answer += piece
                if len(answer) > _MOST_BYTES or time.monotonic() > until:
                    raise OSError("its answer does not end")
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return response.status, bytes(answer)

    def _without_key(self, text: str) -> str:
        """Servers repeat a key they do not know; logs must not."""
        return text.replace(self._key, "…") if self._key else text


def _read(answer: bytes, url: str) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise Unavailable(f"the translator at {url} answers with something else than JSON; is the address right? It "
                          f"begins: {_quoted(answer)}") from None


def _pairs(answer: Any, url: str) -> dict[str, set[str]]:
    """Source -> targets. Servers that name no targets translate between all they know."""
    try:
        codes = {str(row["code"]) for row in answer}
        return {str(row["code"]): {str(code) for code in row.get("targets") or codes} for row in answer}
    except (TypeError, KeyError, AttributeError):
        raise Unavailable(f"the translator at {url} gives no list of languages: {str(answer)[:_QUOTED]}") from None


def _checked(answer: Any, sent: Sequence[str], url: str) -> list[str]:
    given = answer.get("translatedText") if isinstance(answer, dict) else None
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise Refused(f"the translator at {url} gives no list of texts but: {str(answer)[:_QUOTED]}")
    if len(given) != len(sent):
        raise Refused(f"the translator at {url} was given {len(sent)} texts and gives back {len(given)}")
    for text, back in zip(sent, given, strict=True):
        if not back.strip() or len(back) > 10 * len(text) + 200:
            raise Refused(f"the translator at {url} makes {len(back)} characters of a text of {len(text)}")
    return [text.strip() for text in given]


def _quoted(answer: bytes) -> str:
    text = " ".join(answer[:4 * _QUOTED].decode("utf-8", "replace").split())
    return text[:_QUOTED] + ("…" if len(text) > _QUOTED else "") or "nothing"


_bound: list[Translator] = [NoTranslator()]


def bind(asked: TranslatorSettings) -> None:
    """Use the translator the settings name; called by the composition root."""
    use(HttpTranslator(asked.url, asked.key) if asked.kind == "http" else NoTranslator())


def use(translator: Translator) -> None:
    _bound[:] = [translator]


def translator() -> Translator:
    return _bound[0]


def is_on() -> bool:
    return translator().name != "none"
