"""For other catalogues and for search engines: OAI-PMH, the sitemap, robots.txt."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request

from marketplace import clock, regions
from marketplace.accounts import links
from marketplace.finding import harvest, linked_data, oai
from marketplace.finding.facets import KINDS
from marketplace.listings import vocabulary
from marketplace.phrases import in_language
from marketplace.web.guard import public

bp = Blueprint("catalogues", __name__)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HOUR, DAY = 3_600, 86_400


@bp.route("/oai", methods=["GET", "POST"])
@public
def harvested() -> Response:
    given = request.args if request.method == "GET" else request.form
    now = clock.now()
    return _xml("finding/oai.xml", answer=oai.answer([*given.items(multi=True)]), now=now, expires=now + oai.LIFETIME)


@bp.get("/oai/listing.xsd")
@public
def schema() -> Response:
    return _xml("finding/listing.xsd", kept=DAY)


@bp.get("/sitemap.xml")
@public
def sitemap() -> Response:
    return _xml("finding/sitemap_index.xml", kept=HOUR, parts=harvest.parts())


@bp.get("/sitemap-<int:number>.xml")
@public
def sitemap_part(number: int) -> Response:
    named = harvest.organisations() if number == 0 else []
    return _xml("finding/sitemap.xml", kept=HOUR, first=number == 0, named=named, entries=harvest.part(number))


@bp.get("/robots.txt")
@public
def robots() -> Response:
    return _kept(Response(render_template("finding/robots.txt", address=links.to), mimetype="text/plain"), DAY)


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """What pages say of themselves to other machines: templates/_macros/found.html."""
    return {"full_address": links.to, "linked_data": linked_data}


@bp.app_template_filter("second")
def second(moment: datetime) -> str:
    """2026-01-31T12:00:00Z, as the protocols of other machines want it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@bp.app_template_filter("plain")
def plain(text: Any) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("", str(text))


@bp.app_template_filter("spoken_in")
def spoken_in(value: Any, language: str) -> str:
    return str(in_language(value, language))


@bp.app_template_filter("place_in")
def place_in(code: str, language: str) -> str:
    return regions.name(code, language)


def _xml(template: str, kept: int = 0, **context: Any) -> Response:
    text = render_template(
        template, address=links.to, identifier=oai.oai_identifier, postmaster=f"postmaster@{links.host()}",
        fields=vocabulary.FIELDS, modes=vocabulary.MODES, kinds=KINDS,
        subtypes={"result": vocabulary.RESULT_SUBTYPES, "need": vocabulary.NEED_SUBTYPES}, **context,
    )
    return _kept(current_app.response_class(text.lstrip(), content_type="text/xml; charset=utf-8"), kept)


def _kept(response: Response, seconds: int) -> Response:
    """The same for everybody, so anybody on the way may keep it for so long."""
    if seconds:
        response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response
