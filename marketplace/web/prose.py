"""What people write at length, as paragraphs, lists, headings and links: Markdown, of which no more than that is taken.

Raw HTML and images are shown as they were typed. Whatever the parser makes is then cut down to the few tags named here,
so that a mistake in it lets nothing through either.
"""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from flask import Flask
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {"p", "br", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "em", "strong", "code", "a"}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
SMALLEST_HEADING = 6
DEMOTED = 3
"""A writer's largest heading comes below those of the page and of its field."""

_FACTOR = re.compile(r"(?<=[0-9A-Za-z])\*(?=[0-9A-Za-z])")
"""In 3*4*5 mm nothing is meant to stand out."""
_MINUS = re.compile(r"^(\s{0,3})([-+])(?=\s+\d)", re.MULTILINE)
"""- 40 °C at the beginning of a line is a temperature."""

_parser = MarkdownIt("zero", {"breaks": True, "html": False}).enable(
    ["heading", "list", "blockquote", "emphasis", "link", "autolink", "backticks", "newline", "escape"]
)


def install(app: Flask) -> None:
    app.add_template_filter(prose, "prose")


def prose(text: object) -> Markup:
    """The text as safe HTML; without any, nothing."""
    return _prose(str(text)) if text else Markup()


@lru_cache(maxsize=512)
def _prose(text: str) -> Markup:
    tokens = _parser.parse(_MINUS.sub(r"\1\\\2", _FACTOR.sub(r"\\*", text)))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + DEMOTED, SMALLEST_HEADING)}"
    made = _parser.renderer.render(tokens, _parser.options, {})
    safe = nh3.clean(made, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="nofollow noopener")
    # Lines of the source are no lines of the page: .prose keeps those that are not HTML's.
    return Markup(safe.replace("\n", ""))  # noqa: S704 - nh3 has left nothing but the tags above
