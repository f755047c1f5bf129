"""What a client's people do, over and over: publish, look after what is published, and bring two together."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

from benchmarks.faults.ledger import Client, Refused
from benchmarks.faults.people import ANSWERS, NEED, RESULT, Cast
from marketplace.introductions.vocabulary import CHECKLIST


class Story:
    def __init__(self, client: Client, cast: Cast, ending: threading.Event) -> None:
        self._client, self._cast, self._ending = client, cast, ending
        self._ledger = client.ledger
        self.told = 0

    def run(self) -> None:
        while not self._ending.is_set():
            self.told += 1
            try:
                self._tell(f"F{self._cast.number}x{self.told}")
            except Refused as no:
                self._ledger.refusals.append(str(no)[:500])

    def _tell(self, mark: str) -> None:
        cast = self._cast
        result = self._publish(cast.alice, f"{mark}R electrolyte", RESULT)
        need = self._publish(cast.charlie, f"{mark}N electrolyte", NEED)
        case = self._begin(need, result)
        case = self._move(cast.dana, case, "take")
        self._say(cast.charlie, case, f"{mark} asks: does it age?")
        case = self._move(cast.dana, case, "qualify", checklist=list(CHECKLIST))
        case = self._move(cast.charlie, case, "consent")
        case = self._move(cast.alice, case, "consent")
        self._say(cast.alice, case, f"{mark} answers: it does not.")
        self._act(cast.alice, result, "pause", "paused")
        self._act(cast.alice, result, "resume", "published")

    def _publish(self, token: str, title: str, content: dict[str, Any]) -> str:
        def created() -> Any | None:
            found = self._client.get(token, "/listings?mine=true&size=20")["listings"]
            return next((one for one in found if one["title"] == title), None)

        made = self._client.surely(token, "POST", "/listings", {**content, "title": title}, look=created)
        ref = str(made["ref"])
        self._ledger.listings[title], self._ledger.states[ref] = ref, "draft"
        self._act(token, ref, "submit", "submitted")
        self._act(self._cast.dana, ref, "publish", "published")
        return ref

    def _act(self, token: str, ref: str, action: str, state: str) -> None:
        def done() -> Any | None:
            one = self._client.get(token, f"/listings/{quote(ref)}")
            return one if one["state"] == state else None

        self._client.surely(token, "POST", f"/listings/{ref}/{action}", {}, look=done)
        self._ledger.states[ref] = state

    def _begin(self, need: str, result: str) -> dict[str, Any]:
        """To say it again joins what is open already."""
        pair = {"need": need, "result": result, **ANSWERS}
        case: dict[str, Any] = self._client.surely(self._cast.charlie, "POST", "/introductions", pair)
        self._ledger.moves[case["ref"], case["version"]] = "express_interest"
        return case

    def _move(self, token: str, case: dict[str, Any], name: str, **given: Any) -> dict[str, Any]:
        """With the version that was seen the same move may be sent again: it is made once."""
        seen = {"move": name, "version": case["version"], **given}
        moved: dict[str, Any] = self._client.surely(token, "POST", f"/introductions/{case['ref']}/moves", seen)
        self._ledger.moves[case["ref"], case["version"] + 1] = name
        return moved

    def _say(self, token: str, case: dict[str, Any], body: str) -> None:
        def said() -> Any | None:
            found = self._client.get(token, f"/introductions/{case['ref']}/messages")["items"]
            return next((one for one in found if one["body"] == body), None)

        self._client.surely(token, "POST", f"/introductions/{case['ref']}/messages", {"body": body}, look=said)
        self._ledger.messages[body] = case["ref"]
