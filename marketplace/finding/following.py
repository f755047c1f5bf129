"""From the page of a search to what is opened from it: which requests are worth a record, and the mark on the links.

The mark says which search and which place in its list, is signed, and is good for a day and one listing only. It names
nobody, and leads nowhere: the address works as well without it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from itsdangerous import BadData

from marketplace import clock
from marketplace.accounts import links
from marketplace.finding import record
from marketplace.finding.record import Clicked
from marketplace.finding.service import Found
from marketplace.web.language import current

bp = Blueprint("following", __name__)
LIFETIME = timedelta(days=1)
ARGUMENT = "from"
_PURPOSE = "a click"
_ROBOTS = re.compile(
    r"bot\b|bot[/;-]|crawl|spider|slurp|archiver|preview|monitor|scan|^curl|^wget|python|^java|go-http|okhttp|libwww|"
    r"httpclient|scrapy|feed|^$", re.IGNORECASE,
)


def begin(found: Found) -> Callable[[Any, int], str]:
    """Note the search whose page is being shown; returns (row, place in the list) -> the mark for its link. Only the
    first page is noted: the next ones are the same search."""
    criteria = found.criteria
    if not criteria.q.strip() or criteria.page > 1 or not is_somebody():
        return _without_mark
    key = secrets.token_urlsafe(9)
    fact = record.search_made(
        key, criteria.q, language=current(), total=found.total, dropped=found.dropped, filtered=criteria.is_narrowed,
        degraded=found.degraded, typing="X-Typing" in request.headers,
    )
    record.memory.add(fact)
    signer = links.signer(_PURPOSE)
    return lambda row, place: f"?{ARGUMENT}={signer.dumps([key, row.ref, place])}"


@bp.after_app_request
def note_click(response: Response) -> Response:
    """The listing's page is shown to somebody who comes from a search."""
    if request.endpoint == "listings.show" and ARGUMENT in request.args and response.status_code == 200:
        key, ref, place = _read(request.args[ARGUMENT])
        if key and ref == (request.view_args or {}).get("ref") and is_somebody():
            clicked = Clicked(key, ref, place, clock.today())
            record.memory.add(clicked)
    return response


def is_somebody() -> bool:
    """A person looks, as far as one can tell; not a program, and not a browser that guesses what will be opened."""
    ahead = f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}"
    if request.method != "GET" or "prefetch" in ahead or "prerender" in ahead:
        return False
    return not _ROBOTS.search(request.headers.get("User-Agent", ""))


def _read(mark: str) -> tuple[str, str, int]:
    try:
        key, ref, place = links.signer(_PURPOSE).loads(mark, max_age=int(LIFETIME.total_seconds()))
    except (BadData, ValueError, TypeError):
        return "", "", 0
    return key, ref, place


def _without_mark(_: Any, __: int) -> str:
    return ""
