"""A small marketplace with one of each thing that an address can name, and everybody who could ask for it.

The company's need and the institute's result have come to a contract. "Own" is the company: its viewer, editor and
admin. Each request of the tests runs in a savepoint that is rolled back, so that nobody finds what another has left.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from access.desk_world import at_the_desks
from casework.meeting_plans import PDF, a_plan, a_task
from conftest import a_listing, a_person, an_organisation, join
from events.planned import a_series, an_edition
from indexing import index_listings
from introductions.case_entries import ANSWERS, entries
from refining.refining_facts import REFINED
from seating.seated import a_seating
from sqlalchemy import select
from surveys.asked_people import a_survey, let_in, says

from marketplace import clock
from marketplace.accounts import links, sessions, texts, tokens
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import Passkey, User
from marketplace.broadcasts import answering, news
from marketplace.broadcasts import service as broadcasts
from marketplace.broadcasts.models import Recipient, What
from marketplace.casework import filing, meetings, tasks
from marketplace.contracts import steps, surveys
from marketplace.contracts.models import Survey, SurveyKind
from marketplace.db import session, transaction
from marketplace.events import attending, invited, surveying
from marketplace.events.models import Edition, EventInvitation
from marketplace.files import service as files
from marketplace.finding import alerts, saved, terms
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency, TermImport
from marketplace.introductions import agreeing, service, talk
from marketplace.introductions.models import Introduction, Side
from marketplace.listings import sharing
from marketplace.listings.models import ImportJob, Kind, Listing, ListingTranslation, State
from marketplace.matching import feedback
from marketplace.messaging import leaving as notices
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations import mailboxes, members, parks
from marketplace.organisations.models import Domain, Membership, Organisation, Role
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.privacy import leaving
from marketplace.privacy import service as privacy
from marketplace.ratings import service as ratings
from marketplace.refining import service as refining
from marketplace.surveys import asking
from marketplace.surveys import service as survey_service
from marketplace.surveys.models import State as SurveyState
from marketplace.training import certificates
from marketplace.training import service as training
from marketplace.training.models import Level
from marketplace.webhooks import service as webhooks

VISITOR = "visitor"
OTHERS = ("other's viewer", "other's editor", "other's admin")
OWN = ("own viewer", "own editor", "own admin")
COUNTERPART, ITS_BROKER, A_BROKER, OPERATOR = "counterpart", "its broker", "another broker", "operator"
ROLES = (VISITOR, *OTHERS, *OWN, COUNTERPART, ITS_BROKER, A_BROKER, OPERATOR)


@dataclass(frozen=True)
class Key:
    """What makes a request somebody's."""

    cookie: str
    token: str


@dataclass(frozen=True)
class World:
    people: dict[str, User]
    numbers: dict[str, int]
    """The same people's, for when the session that they came from has ended."""
    keys: dict[str, Key]
    names: dict[str, Any]
    """What addresses are filled with: `blueprint.argument`, or the argument alone."""


def people() -> dict[str, User]:
    company = an_organisation("company", OrganisationKind.COMPANY)
    other = an_organisation("other", OrganisationKind.COMPANY)
    institute = an_organisation("institute", OrganisationKind.INSTITUTE)
    found: dict[str, User] = {}
    for roles, organisation, domain in ((OTHERS, other, "other"), (OWN, company, "company")):
        for name, role in zip(roles, (Role.VIEWER, Role.EDITOR, Role.ADMIN), strict=True):
            found[name] = a_person(f"{role.value}@{domain}.example")
            join(found[name], organisation, role)
    found[COUNTERPART] = a_person("alice@institute.example")
    join(found[COUNTERPART], institute, Role.ADMIN)
    found[ITS_BROKER] = a_person("dana@broker.example", is_broker=True)
    found[A_BROKER] = a_person("frank@broker.example", is_broker=True)
    found[OPERATOR] = a_person("erin@operator.example", is_operator=True)
    return found


def listings_of(who: dict[str, User]) -> tuple[Listing, Listing]:
    """The company's need, with all that a listing can have, and the institute's result."""
    editor = who[OWN[1]]
    company = session.get_one(Organisation, _organisation_id(editor))
    institute = session.get_one(Organisation, _organisation_id(who[COUNTERPART]))
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    with transaction():
        session.add(ListingTranslation(listing_id=need.id, language="zh", title="不会燃烧的电解液", summary="",
                                       keywords=[]))
    sharing.attach(editor, need, "drawing.pdf", io.BytesIO(PDF), 0)
    return need, result


def _organisation_id(person: User) -> int:
    return session.scalars(Membership.__table__.select().with_only_columns(Membership.organisation_id)
                           .where(Membership.user_id == person.id)).one()


def case_of(who: dict[str, User], need: Listing, result: Listing) -> tuple[Introduction, dict[str, Any]]:
    """A case whose contract is performed, with one of everything that belongs to a case."""
    charlie, alice, dana = who[OWN[2]], who[COUNTERPART], who[ITS_BROKER]
    case = service.express_interest(charlie, need, result, **ANSWERS)
    for person, name in ((dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent")):
        service.move(person, case, name, **entries(name))
    copy = agreeing.send_copy(charlie, case, "nycijepo.pdf", io.BytesIO(PDF))
    for person, name in ((alice, "meet"), (dana, "intent"), (dana, "sign"), (dana, "register")):
        service.move(person, case, name, **entries(name))
    meeting = meetings.arrange(dana, case, **a_plan(charlie, alice))
    task = tasks.set_task(charlie, case, **a_task())
    document = filing.add(charlie, case, "Drawing", "sides", "drawing.pdf", io.BytesIO(PDF))
    message = talk.write_message(charlie, case, "When do we start?")
    step = steps.plan(dana, case, {"kind": "payment", "title": "First", "planned_on": clock.today(),
                                   "amount": Decimal(1000), "payer": Side.NEED})
    now = clock.now()
    with transaction():
        survey = Survey(introduction_id=case.id, kind=SurveyKind.SIX_MONTHS, side=Side.NEED,
                        organisation_id=need.organisation_id, sent_at=now, expires_at=now + timedelta(days=60))
        session.add(survey)
    return case, {"meeting_id": meeting.id, "task_id": task.id, "document_id": document.id, "message_id": message.id,
                  "copy_id": copy.id, "contract_step": step.id, "survey": survey.id,
                  "contracts.answer.token": surveys.token(survey, charlie)}


def in_other_states(who: dict[str, User], need: Listing, result: Listing) -> dict[str, Any]:
    """What some steps begin from: a case before names are known, a listing in review, refinements half-way."""
    charlie, alice, dana = who[OWN[2]], who[COUNTERPART], who[ITS_BROKER]
    early, idle, waiting, working, proposed, listed = (
        a_listing(need.organisation, Kind.NEED, state, title=title) for state, title in (
            (State.PUBLISHED, "A membrane that does not clog"), (State.PUBLISHED, "A pump that runs dry"),
            (State.SUBMITTED, "A valve for hydrogen"), (State.PUBLISHED, "A blade that stays sharp"),
            (State.PUBLISHED, "A paint that cools"), (State.PUBLISHED, "A seal for deep water"),
        )
    )
    case = service.express_interest(alice, listed, a_listing(result.organisation, title="A seal"), **ANSWERS)
    service.move(dana, case, "take")
    message = talk.write_message(charlie, case, "Does it age?")
    feedback.not_relevant(charlie, idle, result, "too_early")
    for one in (working, proposed):
        refining.take(dana, refining.ask(charlie, one))
    theirs = refining.get(dana, proposed.ref)
    refining.write(dana, theirs, REFINED, None)
    refining.propose(dana, theirs, "Sharper now.")
    refining.ask(charlie, early)
    return {"untaken": early.ref, "idle": idle.ref, "waiting": waiting.ref, "working": working.ref,
            "proposed": proposed.ref, "early_case": case.ref, "early_message": message.id}


def in_mails(who: dict[str, User], company: Organisation) -> dict[str, Any]:
    """What links in mails carry."""
    charlie = who[OWN[2]]
    with transaction():
        company.mailbox = "office@company.example"
        new = User(email="new@company.example", name="New", language="en", created_at=clock.now())
        going = User(email="going@company.example", name="Going", language="en", created_at=clock.now(),
                     confirmed_at=clock.now())
        session.add_all([new, going])
    wish = leaving.ask(going)
    invitation = members.invite(charlie, company, "invited@company.example", Role.VIEWER)
    return {
        "accounts.confirm.token": links.token(Purpose.CONFIRM, new),
        "accounts.reset.token": links.token(Purpose.RESET, charlie),
        "accounts.welcome.token": links.token(Purpose.WELCOME, new),
        "organisations.confirm_mailbox.token": mailboxes.token(company),
        "organisations.join.token": members.token(invitation),
        "privacy.keep_by_link.token": last_part(leaving.keeping_link(wish)),
        "messaging.leave.token": last_part(notices.link(charlie, None)),
        "saved.unsubscribe.token": last_part(alerts.link(charlie)),
    }


def told(who: dict[str, User], need: Listing) -> dict[str, Any]:
    """A need that is told to somebody, and one that may yet be."""
    charlie, erin, alice = who[OWN[2]], who[OPERATOR], who[COUNTERPART]
    news.ask(alice, {What.FIELD: ["new_energy"]})
    other = a_listing(need.organisation, Kind.NEED, title="A glue that lets go")
    sent = broadcasts.plan(erin, listing=other.ref)
    broadcasts.send(erin, sent, sent.version)
    recipient = session.scalars(select(Recipient).where(Recipient.broadcast_id == sent.id)).one()
    planned = broadcasts.plan(erin, listing=other.ref)
    return {**dict.fromkeys(("broadcasts.ref", "broadcasts_api.ref"), planned.ref),
            "news.answer.token": last_part(answering.link(recipient.id)),
            "news.leave.token": last_part(news.link(charlie))}


def trained(who: dict[str, User]) -> dict[str, Any]:
    """A session for which a broker has enrolled, and a certificate of theirs."""
    erin, dana, today = who[OPERATOR], who[ITS_BROKER], clock.today()
    planned = training.plan(erin, {
        "title_zh": "初级班", "place": "渡口厅", "level": Level.JUNIOR, "starts_at": clock.now() + timedelta(days=3),
        "hours": 8, "seats": 5,
    })
    taken = training.enrol(dana, planned)
    held = certificates.record(erin, dana, level=Level.JUNIOR, issuer="The exchange", issued_on=today,
                               valid_until=today + timedelta(days=900))
    found: dict[str, Any] = {"training.what": "enrol"}
    for room in ("training", "training_api"):
        found |= {f"{room}.number": planned.id, f"{room}.enrolment_id": taken.id, f"{room}.mark.what": "attended",
                  f"{room}.ref": held.ref, f"{room}.broker.number": dana.id, f"{room}.certify.number": dana.id}
    return found


def parks_of(who: dict[str, User], company: Organisation) -> dict[str, Any]:
    """A park that counts the company among its own, and another that it has asked to be its partner."""
    erin = who[OPERATOR]
    park, partner = (an_organisation(slug, OrganisationKind.PARK) for slug in ("park", "partner"))
    member = parks.add(erin, park, organisation=company.slug, since=clock.today())
    asked = parks.ask(erin, partner, park.slug)
    return {**dict.fromkeys(("parks.slug", "parks_api.slug"), park.slug), "parks.badge.slug": company.slug,
            **dict.fromkeys(("parks.number", "parks_api.number"), member.id),
            "parks.answer.number": asked.id, "parks.answer.what": "agree"}


def last_part(address: str) -> str:
    return address.rpartition("/")[2]


def of_a_person(who: User) -> dict[str, Any]:
    """What is one person's own."""
    session_key = sessions.add(who)
    assert session_key
    token, row = tokens.new(who, clock.now(), name="mine")
    assert token
    search = saved.save(who, Criteria(q="zinc"), "Zinc", Frequency.NEVER)
    passkey = Passkey(user_id=who.id, name="Laptop", credential_id="AAAA", public_key="AAAA", handle="AAAA",
                      sign_count=0, created_at=clock.now())
    with transaction():
        session.add_all([row, passkey])
        notice = Notice(user_id=who.id, msgid="Hello", values={}, url="/", created_at=clock.now())
        session.add(notice)
    theirs = next(one for one in sessions.of(who))
    export = privacy.ask(who)
    privacy.make([export.id])
    return {"session_id": theirs.id, "token_id": row.id, "passkey_id": passkey.id,
            "saved": search.id, "saved.feed.token": search.feed_token,
            "notice_id": notice.id, "export": export.id}


def of_the_organisation(who: dict[str, User], company: Organisation) -> dict[str, Any]:
    charlie, erin = who[OWN[2]], who[OPERATOR]
    invitation = members.invite(charlie, company, "new@company.example", Role.VIEWER)
    endpoint, _ = webhooks.register(charlie, company, "https://receiver.example/hook", ["listing.published"])
    platforms, _ = webhooks.register(erin, None, "https://receiver.example/hook", ["listing.published"])
    sent, platforms_sent = webhooks.send_test(charlie, endpoint), webhooks.send_test(erin, platforms)
    with transaction():
        domain = Domain(organisation_id=company.id, domain="company.example", created_at=clock.now(),
                        created_by_id=charlie.id)
        job = ImportJob(key="k" * 20, actor_id=who[OWN[1]].id, organisation_id=company.id, kind=Kind.NEED,
                        file_name="needs.csv", size=10, created_at=clock.now())
        session.add_all([domain, job])
    member = session.scalars(select(Membership).where(Membership.user_id == who[OWN[0]].id)).one()
    return {"invitation_id": invitation.id, "membership_id": member.id, "webhook": endpoint.id, "import.key": job.key,
            "delivery": sent.number, "platform.number": platforms.id, "platform.delivery": platforms_sent.number,
            "domain_id": domain.id}


def of_the_platform(erin: User) -> dict[str, Any]:
    edition = an_edition(erin, a_series(erin))
    with transaction():
        mail = OutgoingMail(to="x@y.example", language="en", subject="Hello", body="", html="<p>Hello</p>",
                            created_at=clock.now())
        upload = TermImport(key="t" * 20, actor_id=erin.id, file_name="terms.csv", rows=[], created_at=clock.now())
        session.add_all([mail, upload])
    group = terms.add(erin, ["zinc-air cell", "锌空电池"])
    return {"mail_id": mail.id, "terms.key": upload.key, "terms.number": group.id,
            **dict.fromkeys(("events.ref", "events_api.ref", "series.ref"), edition.ref),
            **dict.fromkeys(("event_figures.ref", "event_figures_api.ref", "ratings.ref"), edition.ref),
            "edition": edition}


def at_events(who: dict[str, User], edition: Edition) -> dict[str, Any]:
    """The admin comes, has registered the viewer, and the viewer is invited besides."""
    charlie, viewer = who[OWN[2]], who[OWN[0]]
    mine, hers = attending.register(charlie, edition), attending.register(charlie, edition, person=viewer)
    asked = EventInvitation(edition_id=edition.id, user_id=viewer.id, invited_by_id=who[OPERATOR].id,
                            sent_at=clock.now())
    with transaction():
        session.add(asked)
    return {"registration_id": mine.id, "guests.registration_id": hers.id, "guests.ticket.token": hers.token,
            "guests.answer.token": invited.token(asked), "ratings.rate_by_link.token": ratings.token(mine),
            **dict.fromkeys(("ratings_api.registration", "events_api.registration"), hers.id),
            **dict.fromkeys(("guests.ref", "door.ref", "ratings_api.ref"), edition.ref), **a_seating(edition)}


def surveyed(who: dict[str, User], edition: Edition) -> dict[str, Any]:
    """The admin was asked and has answered; the edition has a survey of its own."""
    charlie, erin = who[OWN[2]], who[OPERATOR]
    survey = a_survey(erin)
    let_in(survey, charlie)
    says(charlie, survey, need="A pump that runs dry.")
    survey_service.set_state(erin, survey, SurveyState.CLOSED)
    survey_service.publish(erin, survey, True)
    surveying.begin(erin, edition)
    row = asking.of(charlie, survey)
    assert row is not None
    return {**dict.fromkeys(("surveys.number", "operator_surveys.number"), survey.id), "surveys.role": "need",
            "surveys_api.survey": survey.id,
            "operator_surveys.person": row.id, "event_surveys.ref": edition.ref}


def numbers(parts: dict[str, Any]) -> dict[str, Any]:
    """The same argument is another thing's number in each room."""
    return {
        "listings.number": 1, "casework.number": 1, "casework_api.number": 1, "sitemap_part.number": 1,
        "contracts.number": parts["contract_step"], "contracts_api.number": parts["contract_step"],
        "contracts.survey.number": parts["survey"], "contracts_api.show_survey.number": parts["survey"],
        "contracts_api.answer_survey.number": parts["survey"], "saved.number": parts["saved"],
        "saved_searches_api.number": parts["saved"], "privacy.download.number": parts["export"],
        "webhooks.number": parts["webhook"], "webhooks_api.number": parts["webhook"],
        "privacy.edition.number": texts.latest()[0].number, "catalogues.number": 1,
    }


def references(case: Introduction, need: Listing, parts: dict[str, Any]) -> dict[str, Any]:
    ofs = ("listings", "listings_api", "matching", "matching_api", "comparing", "comparing_api", "translations",
           "casework.reads_of_listing", "casework_api.reads_of_listing")
    refining = {f"{room}.ref": parts["working"] for room in ("refining", "refining_api")}
    untaken = dict.fromkeys(("refining.take.ref", "refining_api.step.ref"), parts["untaken"])
    proposed = dict.fromkeys(("refining.decide.ref", "refining_api.approve.ref", "refining_api.send_back.ref"),
                             parts["proposed"])
    early = {f"{view}.{name}": parts[f"early_{thing}"] for view in ("case.pass_on", "case_api.pass_on")
             for name, thing in (("ref", "case"), ("message_id", "message"))}
    judged = dict.fromkeys(("matching.relevant.ref", "matching_api.relevant_after_all.ref"), parts["idle"])
    judged |= dict.fromkeys(("refining.ask.ref", "refining_api.ask.ref"), parts["idle"])
    return {"ref": case.ref, **{f"{view}.ref": need.ref for view in ofs}, "review.ref": parts["waiting"], **refining,
            **untaken, **proposed, **early, **judged, "introduction": case.ref}


def build() -> World:
    who = people()
    need, result = listings_of(who)
    case, parts = case_of(who, need, result)
    charlie, erin = who[OWN[2]], who[OPERATOR]
    parts |= of_a_person(charlie) | of_the_organisation(who, need.organisation) | of_the_platform(erin)
    parts |= in_other_states(who, need, result)
    parts |= at_events(who, parts["edition"]) | surveyed(who, parts.pop("edition"))
    parts |= at_the_desks(charlie, who[COUNTERPART], who[ITS_BROKER], erin, need.organisation, result.organisation)
    parts |= in_mails(who, need.organisation) | told(who, need)
    parts |= parks_of(who, need.organisation) | trained(who)
    index_listings()
    names = {
        "slug": "company", **{f"{room}.slug": "landing" for room in (
            "events", "events_api", "event_figures", "event_figures_api", "series")},
        "other": result.ref, "key": "discuss", "action": "withdraw",
        "address": "withdraw", "file_id": files.of("listing", need.id)[0].id, "language": "zh", "kind": "need",
        "what": "done", "contracts.ledger_cases.what": "signed", "step": "take", "verb": "take", "text": "terms",
        "format": "csv", "ending": "csv", "static.filename": "style.css", "token": "no-token",
        "bootstrap.static.filename": "css/bootstrap.min.css",
        "need": need.ref, **numbers(parts), **references(case, need, parts), **parts,
    }
    keys = {VISITOR: Key("", "")}
    for role, person in who.items():
        token, row = tokens.new(person, clock.now())
        with transaction():
            session.add(row)
        keys[role] = Key(sessions.add(person), token)
    return World(who, {role: person.id for role, person in who.items()}, keys, names)
