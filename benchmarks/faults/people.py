"""Who works during the run: for each client an institute, a company and a broker, with a token each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic import command

from benchmarks.faults.site import Site
from marketplace import app, clock, config, db, migrating
from marketplace.accounts import tokens
from marketplace.accounts.models import User
from marketplace.db import Base, session, transaction
from marketplace.organisations.models import Kind, Membership, Organisation, Role, State
from marketplace.webhooks import service as webhooks
from marketplace.webhooks.vocabulary import CHOICES

TEXTS = {
    "problem": "Storage plants burn.", "how_it_works": "A fluorinated phosphate takes the place of carbonate.",
    "advantage": "Self-extinguishing time 0 s against 78 s.", "indicators": "Conductivity 8.9 mS/cm at 25 °C.",
    "trl_evidence": "A 100 kWh cabinet ran 14 months.", "exclusivity": "non_exclusive",
    "collaboration": "We bring the formula and two engineers.",
}
RESULT: dict[str, Any] = {
    "kind": "result", "subtype": "technology", "summary": "A lithium battery electrolyte that does not burn.",
    "keywords": ["lithium battery", "electrolyte"], "field": "new_energy", "region": "440300", "trl": 6,
    "modes": ["licence", "development"], "price_kind": "negotiable", "language": "en", **TEXTS,
}
NEED: dict[str, Any] = {
    "kind": "need", "subtype": "research", "summary": "Cabinets must pass the nail test.",
    "keywords": ["electrolyte", "safety"], "field": "new_energy", "region": "440300", "modes": ["licence"],
    "budget_band": "1m_to_5m", "trl_min": 5, "trl_max": 9, "language": "en",
    "situation": "Our cells vent and ignite.", "outcome": "No fire.", "targets": "No flame in GB 38031.",
}
ANSWERS = {"cooperation_sought": "A licence and a trial.", "unclear": "Does it age?", "about_us": "We make cabinets."}


@dataclass(frozen=True)
class Cast:
    """The tokens of one client's people."""

    number: int
    alice: str
    """Offers, for the institute."""
    charlie: str
    """Needs, for the company."""
    dana: str
    """Brings them together."""


def prepare(site: Site, clients: int, *, webhooks: bool = True) -> list[Cast]:
    """The schema, and the people; this process speaks to the same database from now on, to look at what is in it."""
    settings = config.read(site.environment)
    database = db.connect(settings.database_url)
    Base.metadata.create_all(database)
    with database.connect() as connection:
        setting = migrating.alembic_config()
        setting.attributes["connection"] = connection
        command.stamp(setting, "head")
        connection.commit()
    app.bind(settings, database)
    return [_cast(site, number, webhooks) for number in range(1, clients + 1)]


def _cast(site: Site, number: int, told: bool) -> Cast:
    institute = _organisation(f"institute-{number}", Kind.INSTITUTE)
    company = _organisation(f"company-{number}", Kind.COMPANY)
    alice, charlie = _person(f"alice-{number}", institute), _person(f"charlie-{number}", company)
    dana = _person(f"dana-{number}", None)
    if told:
        webhooks.register(alice[0], institute, f"{site.hooks_url}/{number}", list(CHOICES))
    return Cast(number, alice[1], charlie[1], dana[1])


def _organisation(slug: str, kind: Kind) -> Organisation:
    with transaction():
        made = Organisation(slug=slug, name=slug, name_en=slug, kind=kind, state=State.VERIFIED, region="440300",
                            created_at=clock.now())
        session.add(made)
    return made


def _person(name: str, organisation: Organisation | None) -> tuple[User, str]:
    """(the person, a token of theirs)."""
    with transaction():
        person = User(email=f"{name}@fault.example", name=name, language="en", created_at=clock.now(),
                      confirmed_at=clock.now(), is_broker=organisation is None)
        session.add(person)
        session.flush()
        if organisation is not None:
            session.add(Membership(user_id=person.id, organisation_id=organisation.id, role=Role.ADMIN,
                                   joined_at=clock.now()))
        token, row = tokens.new(person, clock.now())
        session.add(row)
    session.expire(person)
    return person, token
