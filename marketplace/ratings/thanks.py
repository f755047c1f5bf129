"""Mails after an edition: thanks with the names of one's table, one reminder to who has said nothing of them, and half
a year on the question what became of it.

Each leads to a page that opens without signing in and does nothing until a button is pressed.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from marketplace import clock
from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.db import session, transaction
from marketplace.events.models import Edition, Registration
from marketplace.messaging import leaving, preferences
from marketplace.messaging import service as messaging
from marketplace.messaging.composing import Act, Block, Entry, Foot, Heading
from marketplace.messaging.kinds import KINDS, Frequency, Kind
from marketplace.messaging.models import Notice
from marketplace.messaging.noticing import SET_HERE, SETTINGS
from marketplace.phrases import Phrase, say
from marketplace.ratings import service, talks
from marketplace.ratings.models import FollowUp, Rating

THANKS = say("Thank you for coming to {event}. How were the talks at your table?")
THANKS_ALONE = say("Thank you for coming to {event}.")
AGAIN = say("Half a year after {event}: what became of your talks?")
REMINDER = say("How were your talks at {event}? One minute is enough.")


def send(edition_ids: list[int]) -> None:
    """Thank everybody who came, once, and tell them what can follow."""
    for number in edition_ids:
        with transaction():
            this = update(FollowUp).where(FollowUp.edition_id == number, FollowUp.thanked_at.is_(None))
            first = session.scalar(this.values(thanked_at=clock.now()).returning(FollowUp.edition_id)
                                   .execution_options(synchronize_session=False))
            if first is not None:
                _thank(session.get_one(Edition, number))


def remind(edition: Edition) -> int:
    """Ask those who came and have said nothing of anybody at their table, once; how many. Whoever wants no mail about
    events is left in peace; whoever has it collected is told with the rest."""
    quiet = set(session.scalars(select(Rating.by_id).where(Rating.edition_id == edition.id)))
    held = talks.of_edition(edition)
    there = {one.id: one for one in talks.came(edition)}
    silent = {number: [there[talk.other_of(number)] for talk in held if number in (talk.one_id, talk.other_id)]
              for number in there if number not in quiet}
    to_rate = {number: others for number, others in silent.items() if others and there[number].user.is_active}
    told = set(session.scalars(select(Notice.once).where(Notice.once.in_([_once(one, "reminder") for one in to_rate]))))
    wishes = preferences.of_people([there[number].user_id for number in to_rate], Kind.EVENTS)
    due = [number for number in to_rate if _once(number, "reminder") not in told
           and wishes[there[number].user_id] is not Frequency.NEVER]
    for number in due:
        _remind(there[number], edition, to_rate[number], wishes[there[number].user_id])
    return len(due)


def ask_again(edition: Edition) -> int:
    """Ask those who said that a talk of theirs took place; how many are asked."""
    rows = session.execute(select(Rating.by_id, Rating.about_id).where(
        Rating.edition_id == edition.id, Rating.verdict.in_(service.HELD)).order_by(Rating.by_id, Rating.id)).all()
    people = talks.people_of([*{row.by_id for row in rows}, *{row.about_id for row in rows}])
    subject = AGAIN.format(event=edition)
    why = say("Of these talks you said that they took place. One word on each is enough; it counts in the figures of "
              "the series, without your name.")
    asked = {number: [people[row.about_id] for row in rows if row.by_id == number] for number in
             dict.fromkeys(row.by_id for row in rows)}
    for number, others in asked.items():
        _write(people[number], edition, subject, [why, *_entries(others)], say("Say what became of them"), "again")
    return len(asked)


def _remind(registration: Registration, edition: Edition, others: Sequence[Registration], wish: Frequency) -> None:
    subject = REMINDER.format(event=edition)
    if wish is Frequency.AT_ONCE:
        only = say("You get this reminder once.")
        _write(registration, edition, subject, [*_table(others), only], say("Say how it went"), "reminder")
    else:
        messaging.notify([registration.user_id], subject, f"{edition.url}/ratings", kind=Kind.EVENTS,
                         once=_once(registration.id, "reminder"))


def _thank(edition: Edition) -> None:
    there = {one.id: one for one in talks.came(edition)}
    held = talks.of_edition(edition)
    subject = THANKS.format(event=edition)
    for registration in there.values():
        mine = [talk for talk in held if registration.id in (talk.one_id, talk.other_id)]
        others = [there[talk.other_of(registration.id)] for talk in mine]
        _write(registration, edition, subject if mine else THANKS_ALONE.format(event=edition), _table(others),
               say("Say how it went") if mine else None, "thanks", _next_steps(edition))


def _table(others: Sequence[Registration]) -> list[Block]:
    if not others:
        return []
    return [
        say("You sat at one table with:"), *_entries(others),
        say("Say of each talk whether it took place, and whether a cooperation is possible; it takes a minute. The "
            "others do not see what you choose. Where two people both see a cooperation, an introduction is opened and "
            "a broker takes it up."),
    ]


def _next_steps(edition: Edition) -> list[Block]:
    return [
        Heading(say("Next steps")),
        Entry(say("Write down what you need while it is fresh, so that it finds more than those you met"),
              url=links.to("/listings/new/need")),
        Entry(say("Show what you offer to everybody who looks for it"), url=links.to("/listings/new/result")),
        Entry(say("Put a question to the park or the authorities"), url=links.to(f"/requests/new?event={edition.ref}")),
    ]


def _entries(others: Sequence[Registration]) -> list[Block]:
    return [Entry(one.user.name, facts=[one.organisation] if one.organisation else []) for one in others]


def _write(
    registration: Registration, edition: Edition, subject: Phrase, blocks: Sequence[Block], act: Phrase | None,
    what: str, after: Sequence[Block] = (),
) -> None:
    """A notice beside a mail, if they have mail about events; each once."""
    person, once = registration.user, _once(registration.id, what)
    here = f"{edition.url}/ratings" if act is not None else edition.url
    messaging.notify([person.id], subject, here, kind=Kind.EVENTS, mail=False, once=once)
    if not _wants_mail(person):
        return
    way_out = leaving.link(person, Kind.EVENTS)
    stop = say("No more mails of this kind ({kind})", kind=KINDS[Kind.EVENTS].label)
    foot = Foot([(SET_HERE, links.to(SETTINGS)), (stop, way_out)])
    acts = [Act(act, links.to(f"/ratings/{service.token(registration)}"))] if act is not None else []
    messaging.post_mail(
        person.email, person.language, subject, [say("Hello {name},", name=person.name), *blocks, *acts, *after],
        feet=[foot], headers=leaving.headers(way_out),
    )


def _once(registration_id: int, what: str) -> str:
    return f"rating:{registration_id}:{what}"


def _wants_mail(person: User) -> bool:
    if not person.is_active or person.confirmed_at is None or not messaging.leaves_by_mail():
        return False
    return preferences.of_people([person.id], Kind.EVENTS)[person.id] is not Frequency.NEVER
