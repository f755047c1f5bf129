"""What buyers and suppliers do in supplier libraries. With renewing.py the only writer of this room's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import StaleDataError

from marketplace import audit, clock, refs
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound, require
from marketplace.events.models import RUNS, Edition
from marketplace.files import service as files
from marketplace.files.models import StoredFile
from marketplace.organisations.models import Organisation
from marketplace.organisations.permissions import Reader, organisation_ids
from marketplace.phrases import day_of, say
from marketplace.suppliers import telling
from marketplace.suppliers.models import Library, State, Supplier
from marketplace.suppliers.permissions import (
    applicants_of,
    buyers_of,
    calls_visible_to,
    can_add_papers,
    can_apply_again,
    can_decide,
    can_leave,
    can_remove_papers,
    can_run,
    can_see,
    can_see_call,
    is_buyer,
    speaks_for,
)
from marketplace.suppliers.vocabulary import MONTHS

STALE = say("Somebody else was faster. Look at what is there now, then repeat what you still want.")
LONGEST = {"title": 120, "wanted": 4_000, "conditions": 4_000, "supplies": 4_000, "proof": 4_000, "reason": 2_000}
PAPERS = "supplier"
"""As the files of a supplier are kept."""
TIER = 2
"""Nobody but the two sides reads them; this room checks it."""
MOST = 100


def get(actor: Reader, ref: str) -> Library:
    """The only way from a ref to a library; NotFound when even the call is not for this reader."""
    written = ref.upper() if len(ref) < 40 and ref.isascii() and ref.isprintable() else ""
    found = session.scalar(select(Library).where(Library.ref == written).options(joinedload(Library.edition)))
    if found is None or not can_see_call(actor, found, own_place(actor, found)):
        raise NotFound
    return found


def of_edition(actor: Reader, edition: Edition) -> Library | None:
    """The library that goes with an event, if this reader may know of it."""
    these = select(Library).where(Library.edition_id == edition.id, calls_visible_to(actor))
    return session.scalars(these.order_by(Library.id).limit(1)).first()


def own_place(actor: Reader, library: Library) -> Supplier | None:
    """Where this reader's organisation stands in it."""
    these = select(Supplier).where(Supplier.library_id == library.id,
                                   Supplier.organisation_id.in_(organisation_ids(actor)))
    return session.scalars(these.order_by(Supplier.id).limit(1)).first()


def one(actor: Reader, library: Library, supplier_id: int) -> Supplier:
    found = session.get(Supplier, supplier_id)
    if found is None or found.library_id != library.id or not can_see(actor, found):
        raise NotFound
    return found


def libraries(actor: Reader, *, own: bool) -> Sequence[Library]:
    """Those of this reader's companies; or the calls of others that are open to applications, the newest first."""
    return some_libraries(actor, own=own, page=1, size=MOST)[0]


def some_libraries(actor: Reader, *, own: bool, page: int, size: int) -> tuple[Sequence[Library], int]:
    """(one page of them, how many there are)."""
    mine = Library.buyer_id.in_(organisation_ids(actor))
    which = mine if own else and_(calls_visible_to(actor), Library.is_open, ~mine)
    total = session.scalar(select(func.count()).select_from(Library).where(which)) or 0
    rows = select(Library).where(which).options(joinedload(Library.edition))
    rows = rows.order_by(Library.created_at.desc(), Library.id.desc()).limit(size).offset((page - 1) * size)
    return session.scalars(rows).all(), total


def places(actor: Reader) -> Sequence[Supplier]:
    """Where this reader's organisations have applied or been accepted."""
    return some_places(actor, page=1, size=MOST)[0]


def some_places(actor: Reader, *, page: int, size: int) -> tuple[Sequence[Supplier], int]:
    """(one page of them, how many there are)."""
    which = Supplier.organisation_id.in_(organisation_ids(actor))
    total = session.scalar(select(func.count()).select_from(Supplier).where(which)) or 0
    rows = select(Supplier).where(which).order_by(Supplier.applied_at.desc(), Supplier.id.desc())
    return session.scalars(rows.limit(size).offset((page - 1) * size)).all(), total


def search(
    actor: Reader, library: Library, text: str = "", standing: str = "", *, page: int = 1, size: int = 20
) -> tuple[Sequence[Supplier], int]:
    """(one page of the buyer's own library, what waits for it first, then by name; how many there are)."""
    if not is_buyer(actor, library):
        raise NotFound
    which = [Supplier.library_id == library.id]
    valid = and_(Supplier.state == State.ACCEPTED, Supplier.valid_until >= clock.today())
    waits = or_(Supplier.state == State.APPLIED, and_(Supplier.state == State.ACCEPTED, Supplier.renews))
    kinds = {
        "in": valid, "waiting": waits, "out": Supplier.state.in_([State.DECLINED, State.LEFT]),
        "expired": and_(Supplier.state == State.ACCEPTED, Supplier.valid_until < clock.today()),
    }
    if standing in kinds:
        which.append(kinds[standing])
    for word in text.split()[:8]:
        named = select(Organisation.id).where(or_(*(
            column.icontains(word, autoescape=True)
            for column in (Organisation.name, Organisation.name_en, Organisation.about))))
        which.append(or_(Supplier.organisation_id.in_(named), Supplier.supplies.icontains(word, autoescape=True),
                         Supplier.proof.icontains(word, autoescape=True)))
    total = session.scalar(select(func.count()).select_from(Supplier).where(*which)) or 0
    rows = select(Supplier).join(Organisation, Organisation.id == Supplier.organisation_id).where(*which)
    rows = rows.order_by(waits.desc(), Organisation.name, Supplier.id).limit(size).offset((page - 1) * size)
    return session.scalars(rows).all(), total


def counts(actor: Reader, library: Library) -> dict[str, int]:
    """How many stand where, for the buyer."""
    return {kind: search(actor, library, standing=kind, size=1)[1] for kind in ("in", "waiting", "expired")}


def editions_for(actor: Reader, library: Library | None = None) -> Sequence[Edition]:
    """The coming events, as far as announced, that are held for this reader's companies; and the one with which the
    library goes already, however long ago that was."""
    these = select(Edition).where(Edition.buyer_id.in_([one.id for one in buyers_of(actor)]),
                                  Edition.ends_at > clock.now(), Edition.state.in_(sorted(RUNS)))
    coming = session.scalars(these.order_by(Edition.starts_at).limit(MOST)).all()
    kept = library.edition if library is not None else None
    return coming if kept is None or kept in coming else [kept, *coming]


def open_library(actor: User, buyer: Organisation, content: Mapping[str, Any]) -> Library:
    """A company says what it procures; others apply. The same once more within the minute is a double click."""
    require(buyer.id in [one.id for one in buyers_of(actor)],
            say("Those who write for a verified company open a supplier library."))
    given = _library_content(actor, content)
    with _changing(), transaction():
        session.execute(select(Organisation.id).where(Organisation.id == buyer.id).with_for_update())
        now = clock.now()
        just_opened = (Library.created_at > now - clock.LEEWAY, Library.title == given["title"])
        recent = session.scalars(select(Library).where(Library.buyer_id == buyer.id, *just_opened)).first()
        if recent is not None:
            return recent
        library = Library(ref=refs.take("L")[0], buyer=buyer, created_at=now, created_by_id=actor.id, **given)
        session.add(library)
        session.flush()
        audit.record(actor.id, "supplier.library_opened", "supplier library", library.id)
    return library


def require_runs(actor: Reader, library: Library) -> None:
    require(can_run(actor, library), say("Those who write for the buyer change its library."))


def change_library(actor: User, library: Library, content: Mapping[str, Any], version: int | None) -> None:
    require_runs(actor, library)
    given = _library_content(actor, content, library)
    if version is not None and version != library.version:
        raise Conflict(STALE)
    with _changing(), transaction():
        for name, value in given.items():
            setattr(library, name, value)
        session.flush()
        session.expire(library, ["edition"])
        audit.record(actor.id, "supplier.library_changed", "supplier library", library.id)


def set_open(actor: User, library: Library, is_open: bool) -> None:
    """Take applications, or no more for now. Whoever is in it stays, and renews."""
    require(can_run(actor, library))
    with _changing(), transaction():
        library.is_open = is_open
        audit.record(actor.id, "supplier.library_state", "supplier library", library.id)


def apply(actor: User, library: Library, organisation: Organisation, content: Mapping[str, Any]) -> Supplier:
    """Apply, change an application, apply again, or ask for another year: what it is follows from where one stands."""
    require(organisation.id in [one.id for one in applicants_of(actor, library)],
            say("Those who write for a verified organisation apply for it; not the buyer itself."))
    given = {name: _text(content, name, needed=name == "supplies") for name in ("supplies", "proof")}
    with _changing(), transaction():
        this = (Supplier.library_id == library.id, Supplier.organisation_id == organisation.id)
        there = session.scalar(select(Supplier).where(*this).with_for_update(of=Supplier))
        _require_applicable(library, there)
        supplier = there or Supplier(library=library, organisation=organisation)
        known = there is not None and there.waits
        for name, value in given.items():
            setattr(supplier, name, value)
        supplier.contact_id, supplier.applied_by_id, supplier.applied_at = actor.id, actor.id, clock.now()
        supplier.renews = supplier.state is State.ACCEPTED
        if not supplier.renews:
            supplier.state = State.APPLIED
        session.add(supplier)
        session.flush()
        session.expire(supplier, ["contact"])
        audit.record(actor.id, "supplier.applied", "supplier", supplier.id)
        if not known:
            said = (say("{organisation} would like to stay in your supplier library “{title}” for another year.",
                        organisation=organisation, title=library.title) if supplier.renews else
                    say("{organisation} applies to your supplier library “{title}”.", organisation=organisation,
                        title=library.title))
            telling.buyer(supplier, said, actor, telling.fact_of(supplier, "applied"))
    return supplier


def renew(actor: User, supplier: Supplier, content: Mapping[str, Any]) -> None:
    """Ask for another year; what is not said anew stays as it was."""
    if not can_see(actor, supplier):
        raise NotFound
    require(speaks_for(actor, supplier), say("Those who write for the supplier ask for another year."))
    if supplier.state is not State.ACCEPTED:
        raise Conflict(say("Only who has been accepted asks for another year. Apply instead."))
    kept = {name: content.get(name) or getattr(supplier, name) for name in ("supplies", "proof")}
    apply(actor, supplier.library, supplier.organisation, kept)


def _require_applicable(library: Library, there: Supplier | None) -> None:
    if there is not None and can_apply_again(there):
        return
    if there is not None and there.state is State.ACCEPTED and there.valid_until is not None:
        raise Conflict(say("You are in this library until {day}; you can renew in the last two months.",
                           day=day_of(there.valid_until)))
    if not library.is_open:
        raise Conflict(say("This library takes no applications now."))


def accept(actor: User, supplier: Supplier, version: int | None = None) -> None:
    """In the library for a year, or for another one from the end of this."""
    if supplier.is_valid and not supplier.renews and supplier.decided_by_id == actor.id and not supplier.reason:
        return  # the second click of a double click
    _decidable(actor, supplier, version)
    with _changing(), transaction():
        today = clock.today()
        begins = max(today, supplier.valid_until) if supplier.renews and supplier.valid_until else today
        supplier.state, supplier.renews, supplier.reminders, supplier.reason = State.ACCEPTED, False, 0, None
        supplier.valid_until = clock.later(begins, MONTHS)
        supplier.accepted_on = supplier.accepted_on or today
        _decided(actor, supplier)
        audit.record(actor.id, "supplier.accepted", "supplier", supplier.id)
        said = say("You are in the supplier library “{title}” of {buyer} until {day}.", title=supplier.library.title,
                   buyer=supplier.library.buyer, day=day_of(supplier.valid_until))
        telling.applicant(supplier, said, actor, telling.fact_of(supplier, "accepted"))


def decline(actor: User, supplier: Supplier, reason: str, version: int | None = None) -> None:
    """Not into the library, or not for another year; the supplier reads why."""
    said = _text({"reason": reason}, "reason", needed=True)
    if not supplier.waits and supplier.decided_by_id == actor.id and supplier.reason == said:
        return  # the second click of a double click
    _decidable(actor, supplier, version)
    with _changing(), transaction():
        supplier.reason = said
        values = {"buyer": supplier.library.buyer, "title": supplier.library.title, "reason": said}
        if supplier.renews:  # the year that it has been given runs to its end
            supplier.renews = False
            phrase = say("{buyer} does not renew your place in its supplier library “{title}”: {reason}", **values)
        else:
            supplier.state = State.DECLINED
            phrase = say("{buyer} has not accepted you into its supplier library “{title}”: {reason}", **values)
        _decided(actor, supplier)
        audit.record(actor.id, "supplier.declined", "supplier", supplier.id)
        telling.applicant(supplier, phrase, actor, telling.fact_of(supplier, "declined"))


def leave(actor: User, supplier: Supplier) -> None:
    """Take the application back, or leave the library."""
    if supplier.state is State.LEFT and speaks_for(actor, supplier):
        return
    require(can_leave(actor, supplier), say("Those who write for the supplier take its application back."))
    with _changing(), transaction():
        supplier.state, supplier.renews = State.LEFT, False
        session.flush()
        audit.record(actor.id, "supplier.withdrawn", "supplier", supplier.id)
        said = say("{organisation} has left your supplier library “{title}”.", organisation=supplier.organisation,
                   title=supplier.library.title)
        telling.buyer(supplier, said, actor, telling.fact_of(supplier, "left"))


def papers(actor: Reader, supplier: Supplier) -> list[StoredFile]:
    if not can_see(actor, supplier):
        raise NotFound
    return files.of(PAPERS, supplier.id)


def paper(actor: Reader, supplier: Supplier, file_id: int) -> StoredFile:
    """One of them, to be read by the buyer or the supplier itself."""
    if not can_see(actor, supplier):
        raise NotFound
    return files.one_of(PAPERS, supplier.id, file_id)


def require_adds_papers(actor: Reader, supplier: Supplier) -> None:
    require(can_add_papers(actor, supplier), say("Those who write for the supplier add its documents."))


def add_paper(actor: User, supplier: Supplier, name: str, stream: IO[bytes]) -> None:
    require_adds_papers(actor, supplier)
    files.store(actor, PAPERS, supplier.id, name, stream, TIER, organisation_id=supplier.organisation_id)


def remove_paper(actor: User, supplier: Supplier, file_id: int) -> None:
    require(can_remove_papers(actor, supplier), say("What the buyer has decided on stays."))
    files.remove(actor, files.one_of(PAPERS, supplier.id, file_id))


def visible_refs(actor: Reader, wanted: Sequence[str]) -> Sequence[str]:
    """Those of these libraries of which this reader may know."""
    return session.scalars(select(Library.ref).where(Library.ref.in_(wanted), calls_visible_to(actor))).all()


def _decidable(actor: User, supplier: Supplier, version: int | None) -> None:
    if not can_see(actor, supplier):
        raise NotFound
    require(can_run(actor, supplier.library), say("Those who write for the buyer decide."))
    if not can_decide(actor, supplier) or (version is not None and version != supplier.version):
        raise Conflict(say("A colleague has decided already, or the supplier has changed something. Look again."))


def _decided(actor: User, supplier: Supplier) -> None:
    supplier.decided_at, supplier.decided_by_id = clock.now(), actor.id
    session.flush()


def _library_content(actor: User, content: Mapping[str, Any], library: Library | None = None) -> dict[str, Any]:
    given: dict[str, Any] = {name: _text(content, name, needed=name != "conditions")
                             for name in ("title", "wanted", "conditions")}
    number = content.get("edition")
    if number and number not in [edition.id for edition in editions_for(actor, library)]:
        raise Invalid({"edition": say("Choose one of your events from the list.")})
    return {**given, "edition_id": number or None}


def _text(content: Mapping[str, Any], name: str, *, needed: bool) -> str | None:
    text = (content.get(name) or "").strip()
    if needed and not text:
        raise Invalid({name: say("This is needed.")})
    if len(text) > LONGEST[name]:
        raise Invalid({name: say("At most {max} characters; this has {given}.", max=LONGEST[name], given=len(text))})
    return text or None


@contextmanager
def _changing() -> Iterator[None]:
    """Losing a race to somebody else is a Conflict. Stands outside transaction(), whose end may be what fails."""
    try:
        yield
    except (StaleDataError, IntegrityError):
        raise Conflict(STALE) from None
