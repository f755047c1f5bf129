"""OAI-PMH 2.0, the protocol by which catalogues harvest one another: what is asked, and what the answer says.

https://www.openarchives.org/OAI/openarchivesprotocol.html; the answer is written by templates/finding/oai.xml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData

from marketplace.accounts import links
from marketplace.finding import harvest
from marketplace.finding.harvest import Place, Record, Wanted
from marketplace.listings import vocabulary
from marketplace.listings.models import Kind

DUBLIN_CORE, OWN = "oai_dc", "yinqiao"
FORMATS = (DUBLIN_CORE, OWN)
PORTION = 100
"""Records of one answer."""
LIFETIME = timedelta(days=1)
"""How long a resumption token is good for; lists are ordered by change, so one loses nothing by beginning again."""
SETS: Mapping[str, Mapping[str, Any]] = {
    **{f"kind:{kind.value}": {"kind": kind} for kind in Kind},
    **{f"field:{code}": {"field": code} for code in vocabulary.FIELDS},
}
_LISTS = {"required": ("metadataPrefix",), "optional": ("from", "until", "set"), "exclusive": "resumptionToken"}
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "Identify": {},
    "ListMetadataFormats": {"optional": ("identifier",)},
    "ListSets": {"exclusive": "resumptionToken"},
    "GetRecord": {"required": ("identifier", "metadataPrefix")},
    "ListIdentifiers": _LISTS,
    "ListRecords": _LISTS,
}
_DAY, _SECOND = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class Trouble(Exception):
    """An error of the protocol: one of its codes, and what to do about it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Answer:
    """What the template writes; an answer with a `trouble` has nothing else."""

    verb: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Repeated in the answer, except when they themselves are wrong."""
    records: Sequence[Record] = ()
    prefix: str = DUBLIN_CORE
    token: str | None = None
    """None: the list is whole as it stands; empty: this is its last part."""
    size: int = 0
    cursor: int = 0
    earliest: datetime | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class _Part:
    """A list and how far it has been read."""

    verb: str
    prefix: str
    wanted: Wanted
    after: Place | None = None
    cursor: int = 0
    size: int = 0


def answer(given: Sequence[tuple[str, str]]) -> Answer:
    """The answer to the arguments of one request, never an exception."""
    try:
        verb, arguments = _checked(given)
    except Trouble as trouble:
        return Answer(trouble=trouble)
    try:
        return _answered(verb, arguments)
    except Trouble as trouble:
        return Answer(verb, arguments, trouble=trouble)


def _checked(given: Sequence[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    verbs = [value for name, value in given if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in _ARGUMENTS:
        raise Trouble("badVerb", f"send one verb of {', '.join(_ARGUMENTS)}")
    rules, arguments = _ARGUMENTS[verbs[0]], {name: value for name, value in given if name != "verb"}
    if len(arguments) + 1 != len(given):
        raise Trouble("badArgument", "every argument may be sent once only")
    required, exclusive = rules.get("required", ()), rules.get("exclusive")
    if exclusive in arguments:
        if len(arguments) > 1:
            raise Trouble("badArgument", f"{exclusive} stands alone with the verb")
        return verbs[0], arguments
    for name in arguments:
        if name not in (*required, *rules.get("optional", ())):
            raise Trouble("badArgument", f"{verbs[0]} has no argument {name[:40]!r}")
    for name in required:
        if not arguments.get(name):
            raise Trouble("badArgument", f"{verbs[0]} needs {name}")
    return verbs[0], arguments


def _answered(verb: str, arguments: dict[str, str]) -> Answer:
    match verb:
        case "Identify":
            return Answer(verb, arguments, earliest=harvest.earliest())
        case "ListSets":
            if "resumptionToken" in arguments:
                raise Trouble("badResumptionToken", "the list of sets comes whole")
            return Answer(verb, arguments)
        case "ListMetadataFormats":
            if "identifier" in arguments:
                _record_of(arguments["identifier"])
            return Answer(verb, arguments)
        case "GetRecord":
            found = _record_of(arguments["identifier"])
            return Answer(verb, arguments, (found,), _prefix(arguments["metadataPrefix"]))
    return _listed(_resumed(verb, arguments) if "resumptionToken" in arguments else _begun(verb, arguments), arguments)


def _listed(part: _Part, arguments: dict[str, str]) -> Answer:
    found = harvest.records(part.wanted, part.after, PORTION + 1)
    if not found:
        raise Trouble("noRecordsMatch", "nothing changed in that time, or nothing is in that set")
    shown, more = found[:PORTION], len(found) > PORTION
    size = part.size or (harvest.how_many(part.wanted) if more else len(found))
    token = _token(part, shown[-1].place, part.cursor + len(shown), size) if more else ""
    whole = not more and part.after is None
    return Answer(part.verb, arguments, shown, part.prefix, None if whole else token, size, part.cursor)


def _begun(verb: str, arguments: dict[str, str]) -> _Part:
    since, until = arguments.get("from"), arguments.get("until")
    if since and until and len(since) != len(until):
        raise Trouble("badArgument", "from and until must be written alike")
    chosen = arguments.get("set")
    if chosen is not None and chosen not in SETS:
        raise Trouble("noRecordsMatch", f"there is no set {chosen[:80]!r}; ListSets names those there are")
    first = _moment("from", since) if since else None
    wanted = Wanted(since=first, before=_end(until) if until else None, **SETS.get(chosen or "", {}))
    if wanted.since and wanted.before and wanted.since >= wanted.before:
        raise Trouble("badArgument", "from is later than until")
    return _Part(verb, _prefix(arguments["metadataPrefix"]), wanted)


def _prefix(asked: str) -> str:
    if asked not in FORMATS:
        raise Trouble("cannotDisseminateFormat", f"metadataPrefix is one of {', '.join(FORMATS)}")
    return asked


def _moment(name: str, written: str) -> datetime:
    pattern = "%Y-%m-%d" if _DAY.fullmatch(written) else "%Y-%m-%dT%H:%M:%SZ" if _SECOND.fullmatch(written) else ""
    try:
        if pattern:
            return datetime.strptime(written, pattern).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise Trouble("badArgument", f"{name} is a day (2026-01-31) or a second (2026-01-31T12:00:00Z) in UTC")


def _end(written: str) -> datetime:
    try:
        return _moment("until", written) + (timedelta(days=1) if _DAY.fullmatch(written) else timedelta(seconds=1))
    except OverflowError:
        raise Trouble("badArgument", "until lies too far ahead") from None


def _record_of(identifier: str) -> Record:
    found = harvest.record(identifier.removeprefix(oai_identifier("")))
    if found is None or identifier != oai_identifier(found.ref):
        raise Trouble("idDoesNotExist", f"identifiers look like {oai_identifier('R-2026-000001')}")
    return found


def oai_identifier(ref: str) -> str:
    return f"oai:{links.host()}:{ref}"


def _token(part: _Part, place: Place, cursor: int, size: int) -> str:
    wanted = part.wanted
    bounds = [None if moment is None else moment.isoformat() for moment in (wanted.since, wanted.before)]
    kind = wanted.kind.value if wanted.kind else None
    state = [part.verb, part.prefix, *bounds, kind, wanted.field, place.changed_at.isoformat(), place.id, cursor, size]
    return str(links.signer("harvest").dumps(state))


def _resumed(verb: str, arguments: dict[str, str]) -> _Part:
    try:
        state = links.signer("harvest").loads(
            arguments["resumptionToken"], max_age=int(LIFETIME.total_seconds()),
        )
        first, prefix, since, before, kind, chosen, changed_at, number, cursor, size = state
    except (BadData, ValueError, TypeError):
        raise Trouble("badResumptionToken", "the token is too old or not ours; begin the list again") from None
    if first != verb:
        raise Trouble("badResumptionToken", f"the token continues {first}")
    bounds = [None if written is None else datetime.fromisoformat(written) for written in (since, before)]
    wanted = Wanted(bounds[0], bounds[1], Kind(kind) if kind else None, chosen)
    return _Part(verb, prefix, wanted, Place(datetime.fromisoformat(changed_at), number), cursor, size)
