"""A word that stands nowhere else, in every place that is not for everybody; and who may read it there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from access.table import (
    CASE,
    EVERYBODY,
    ITS_BROKER_ALONE,
    ONLY_MINE,
    OPERATORS,
    OWN_ADMIN_AND_OPERATORS,
    OWN_EDITORS,
    OWN_MEMBERS,
    OWN_MEMBERS_AND_OPERATORS,
    OWN_MEMBERS_AND_STAFF,
    OWN_MEMBERS_AND_THEIR_BROKER,
    OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS,
    SIGNED_IN,
    STAFF,
    Audience,
)
from access.world import COUNTERPART, ITS_BROKER, OPERATOR, OTHERS, OWN, World
from casework.meeting_plans import PDF, a_plan, a_task
from conftest import a_listing
from indexing import index_listings
from werkzeug.test import TestResponse

from marketplace import audit, clock
from marketplace.accounts import tokens
from marketplace.casework import filing, meetings, tasks
from marketplace.comparing import service as comparing
from marketplace.contracts import surveys
from marketplace.contracts.models import Survey
from marketplace.db import session, transaction
from marketplace.finding import saved
from marketplace.finding.criteria import Criteria
from marketplace.finding.models import Frequency
from marketplace.introductions import service, talk
from marketplace.introductions.models import Introduction
from marketplace.listings import service as listings
from marketplace.listings import sharing
from marketplace.listings.models import Exclusion, ImportJob, Kind, Listing, State
from marketplace.matching import feedback
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations import members
from marketplace.organisations.models import Domain, Organisation, Role
from marketplace.refining import service as refining
from marketplace.webhooks import service as webhooks

READERS: dict[str, Audience] = {
    "bavuqilo": SIGNED_IN,  # tier 1: the need's situation
    "cyzodema": CASE,  # tier 2: its confidential detail
    "duxifoga": CASE,  # tier 2: the name of a file
    "fegujyro": OWN_MEMBERS,  # a draft
    "gihozuqe": EVERYBODY - set(OTHERS),  # a need kept from the other company
    "hopixawy": STAFF,  # a broker's note
    "jarevufo": STAFF,  # a broker's task
    "kidosyle": STAFF,  # a broker's document
    "lumeqiza": CASE,  # what a document is called
    "mofyhuxa": CASE,  # and its file
    "nycijepo": OWN_MEMBERS_AND_STAFF,  # a signed copy of the non-disclosure agreement (world.py)
    "pazolywe": OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS,  # a criterion of a comparison
    "qofudija": OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS,  # a note beside points
    "rexybuno": OWN_MEMBERS_AND_THEIR_BROKER,  # what a refinement was told
    "sivopaku": OWN_ADMIN_AND_OPERATORS,  # where webhooks go
    "tyfemozu": ONLY_MINE,  # a notice
    "vuqahoci": ONLY_MINE,  # a saved search
    "wodixegy": ONLY_MINE,  # an API token's name
    "xalykofe": OPERATORS,  # an entry of the audit log
    "zigobare": OPERATORS,  # a mail
    "bojufysi": CASE,  # a message
    "cekyzaxo": CASE,  # a meeting's agenda
    "dofiqury": OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS,  # a survey's answer
    "fyrosuga": OWN_MEMBERS_AND_OPERATORS,  # who is invited to join
    "gapuwyho": OWN_EDITORS,  # the name of an imported file
    "hyluneva": OWN_ADMIN_AND_OPERATORS,  # a domain nobody has confirmed
    "jyxowita": OWN_MEMBERS_AND_STAFF,  # why a match was not relevant
    "kubazefy": OWN_MEMBERS | {COUNTERPART} | STAFF,  # a telephone number given to the other side
    "xypodeka": OWN_MEMBERS_THEIR_BROKER_AND_OPERATORS,  # a request to the park (desk_world.py)
    "zarivoku": OWN_MEMBERS | {COUNTERPART},  # what a supplier offers to the company alone
    "lyqojame": OWN_MEMBERS_AND_STAFF,  # a need in review
    "myzohabu": ITS_BROKER_ALONE,  # a refined text its broker has not proposed yet
}


def plant(world: World) -> None:
    who, names = world.people, world.names
    need, case = listings.get(who[OWN[2]], names["need"]), service.get(who[OWN[2]], names["ref"])
    _in_listings(world, need)
    _in_case(world, need, case)
    _of_persons(world, need.organisation)
    index_listings()


def _in_listings(world: World, need: Listing) -> None:
    who, company = world.people, need.organisation
    editor, admin = who[OWN[1]], who[OWN[2]]
    with transaction():
        need.details = {**need.details, "situation": "Our cells vent bavuqilo."}
        need.confidential = "The separator is cyzodema."
    sharing.attach(editor, need, "duxifoga.pdf", io.BytesIO(PDF), 2)
    a_listing(company, Kind.NEED, State.DRAFT, title="Electrolyte fegujyro", keywords=["fegujyro"])
    a_listing(company, Kind.NEED, State.SUBMITTED, title="Electrolyte lyqojame", keywords=["lyqojame"])
    kept = a_listing(company, Kind.NEED, title="Electrolyte gihozuqe", keywords=["gihozuqe"])
    other = who[OTHERS[0]].memberships[0].organisation_id  # type: ignore[attr-defined]
    result = listings.get(admin, world.names["other"])
    with transaction():
        session.add(Exclusion(listing_id=kept.id, organisation_id=other))
        session.add(ImportJob(key="p" * 20, actor_id=editor.id, organisation_id=company.id, kind=Kind.NEED,
                              file_name="gapuwyho.csv", size=10, created_at=clock.now()))
    feedback.not_relevant(editor, need, result, "other", "jyxowita")
    asked = refining.get(admin, world.names["working"])
    refining.answer(admin, asked, {"symptom": "It hisses rexybuno."}, None)
    dana = who[ITS_BROKER]
    refining.write(dana, refining.get(dana, world.names["working"]), {"title": "A blade, myzohabu"}, None)


def _in_case(world: World, need: Listing, case: Introduction) -> None:
    who = world.people
    admin, alice, dana = who[OWN[2]], who[COUNTERPART], who[ITS_BROKER]
    talk.write_message(dana, case, "They are slow, hopixawy.", "brokers")
    talk.write_message(admin, case, "It ages, bojufysi.")
    tasks.set_task(dana, case, **a_task(title="Call them jarevufo", owner="broker", is_internal=True))
    filing.add(dana, case, "Assessment kidosyle", "brokers", "kidosyle.pdf", io.BytesIO(PDF))
    filing.add(admin, case, "Drawing lumeqiza", "introduced", "mofyhuxa.pdf", io.BytesIO(PDF))
    meetings.arrange(dana, case, **a_plan(admin, alice, agenda="Samples cekyzaxo", anyway=True))
    made = comparing.set_criteria(admin, need, [{"id": None, "name": "Price pazolywe", "weight": 3, "direction": ""}])
    comparing.score(admin, comparing.answer_to(admin, need, case.ref), {made.criteria[0].id: (4, "qofudija")})
    survey = session.get_one(Survey, world.names["survey"])
    surveys.answer(admin, survey, {"answer": "in_use", "comment": "Runs, dofiqury."}, version=None)
    with transaction():
        admin.phone = "kubazefy"


def _of_persons(world: World, company: Organisation) -> None:
    admin, erin, now = world.people[OWN[2]], world.people[OPERATOR], clock.now()
    saved.save(admin, Criteria(q="vuqahoci"), "vuqahoci", Frequency.NEVER)
    members.invite(admin, company, "fyrosuga@company.example", Role.VIEWER)
    webhooks.register(admin, company, "https://receiver.example/sivopaku", ["listing.published"])
    _, token = tokens.new(admin, now, name="wodixegy")
    with transaction():
        session.add_all([
            token, Notice(user_id=admin.id, msgid="tyfemozu", values={}, url="/tyfemozu", created_at=now),
            OutgoingMail(to="zigobare@y.example", language="en", subject="zigobare", body="zigobare", created_at=now),
            Domain(organisation_id=company.id, domain="hyluneva.example", created_at=now, created_by_id=admin.id),
        ])
        audit.record(erin.id, "listing.read", "listing", 1, remark="xalykofe")


def told(response: TestResponse) -> set[str]:
    """The planted words in an answer: its headers, its text, its cells."""
    said = f"{response.headers}\n{response.get_data().decode('utf-8', 'replace')}"
    if response.get_data()[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(response.get_data())) as archive:
            said += "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    return {word for word in READERS if word in said}


def leaks(role: str, response: TestResponse, readers: Mapping[str, Audience] = READERS) -> list[str]:
    return sorted(word for word in told(response) if role not in readers[word])
