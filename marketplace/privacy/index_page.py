"""The page in a copy that says what is what, in its person's language; it needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.phrases import Phrase, day_of, in_language, say
from marketplace.privacy.holdings import REASONS

if TYPE_CHECKING:
    from marketplace.privacy.copying import Part

_STYLE = (
    "body{font:16px/1.6 'PingFang SC','Noto Sans CJK SC','Microsoft YaHei',system-ui,sans-serif;max-width:48rem;"
    "margin:2rem auto;padding:0 1rem;color:#1d2b36;background:#fbfaf7}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #ddd;vertical-align:top}"
    "td:last-child,th:last-child{text-align:right}"
)
NOT_HERE = (
    say("What brokers note among themselves about a case is not in here, nor what others wrote and you cannot read."),
    say("The content of listings and documents belongs to your organisation; it is in here as far as you sent in files "
        "and can still read them. Its members export listings at /listings/export.xlsx."),
    say("Your password, your second factor and the secrets of tokens are not in here: they open the account, and are "
        "kept sealed or hashed."),
)


def page(person: User, parts: Sequence[Part]) -> str:
    def said(phrase: Phrase | object) -> str:
        return escape(str(in_language(phrase, person.language)))

    title = said(say("Your data at Yinqiao"))
    whose = say("{name}, {address}, as of {day}.", name=person.name, address=person.email, day=day_of(clock.today()))
    lines = [f"<h1>{title}</h1>", f"<p>{said(whose)}</p>"]
    for purpose, reason in REASONS.items():
        here = [part for part in parts if part.purpose is purpose and part.rows]
        if not here:
            continue
        lines += [f"<h2>{said(reason.name)}</h2>", f"<p>{said(reason.why)}</p>", "<table>"]
        lines += [
            f'<tr><td>{said(part.said)}</td><td><a href="{escape(part.path)}">{escape(part.path)}</a></td>'
            f"<td>{part.rows}</td></tr>" for part in here
        ]
        lines.append("</table>")
    left_out = "".join(f"<li>{said(one)}</li>" for one in NOT_HERE)
    lines += [f"<h2>{said(say('What is not in here'))}</h2>", f"<ul>{left_out}</ul>"]
    language = "zh-Hans" if person.language == "zh" else "en"
    head = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}<style>{_STYLE}</style>\n" + "\n".join(lines) + "\n</html>\n"
