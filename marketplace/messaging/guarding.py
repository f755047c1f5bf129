"""Mails that guard an account: what somebody else may have done with it. They come at once and cannot be switched off.

Handlers of topics, like those in letters.py; each fact is told of once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace import clock
from marketplace.accounts import devices, passkeys
from marketplace.accounts.models import SecondFactor, User
from marketplace.db import session, transaction
from marketplace.messaging.composing import Block
from marketplace.messaging.posting import first_time, post_mail
from marketplace.phrases import Label, Phrase, day_of, say

NOT_YOU = say(
    "If it was not you, somebody knows your password: choose another. That signs all browsers out but the one you do "
    "it in. Then revoke the passkeys of your account that are not yours."
)


def new_device(ids: list[int]) -> None:
    """user.new_device"""
    for device, person in devices.of(ids):
        _write(person, f"user.new_device:{device.id}", say("A new device has signed in"), [
            say("Hello {name},", name=person.name),
            say("your account was signed in to with a browser we do not know: {device}, network address {address}, "
                "{when}. If it was you, there is nothing to do.", device=device.device or say("Unknown browser"),
                address=device.address or "–", when=_moment(device.first_at)),
        ], "/account/password", NOT_YOU, say("Change the password"))


def second_factor_changed(ids: list[int]) -> None:
    """user.second_factor: it was turned on, moved, or taken away."""
    for person, factor in _with_factor(ids):
        if factor is not None:
            subject = say("Your second factor is on")
            told = say("signing in to your account needs a code from the app on your telephone, since {when}.",
                       when=_moment(factor.since))
        else:
            subject = say("Your second factor is off")
            told = say("signing in to your account needs no code any more: the password is enough.")
        fact = f"user.second_factor:{person.id}:{factor.since if factor else person.session_number}"
        _write(person, fact, subject, [say("Hello {name},", name=person.name), told], "/account/second-factor",
               say("If this was not you, change the password and write to an operator."), say("Look at my account"))


def codes_refused(ids: list[int]) -> None:
    """user.codes_refused: several wrong codes in a row, each after the right password."""
    for person, factor in _with_factor(ids):
        if factor is not None and factor.refused_until is not None:
            _write(person, f"user.codes_refused:{person.id}:{factor.failures}:{factor.refused_until}",
                   say("Wrong codes for your account"), [
                       say("Hello {name},", name=person.name),
                       say("somebody who knows your password has entered {count} wrong codes in a row. No code is "
                           "taken until {when}.", count=factor.failures, when=_moment(factor.refused_until)),
                   ], "/forgotten", NOT_YOU, say("Choose a new password"))


def passkey_added(ids: list[int]) -> None:
    """passkey.added"""
    for passkey, person in passkeys.added(ids):
        _write(person, f"passkey.added:{passkey.id}", say("A passkey was added to your account"), [
            say("Hello {name},", name=person.name),
            say("the passkey “{passkey}” signs in to your account from now on, since {when}. If you have added it, "
                "there is nothing to do.", passkey=passkey.name or say("Without a name"),
                when=_moment(passkey.created_at)),
        ], "/forgotten", say("If it was not you, choose a new password through this link. That ends every passkey and "
                             "signs all browsers out."), say("Choose a new password"))


def _moment(at: datetime) -> Label:
    here = at.astimezone(clock.PLACE)
    day = day_of(here.date())
    return Label(f"{day.zh} {here:%H:%M}（北京时间）", f"{day.en}, {here:%H:%M} (China time)")


def _with_factor(ids: list[int]) -> list[tuple[User, SecondFactor | None]]:
    people = select(User, SecondFactor).outerjoin(SecondFactor, SecondFactor.user_id == User.id)
    found = session.execute(people.where(User.id.in_(ids), User.disabled_at.is_(None)).order_by(User.id)).all()
    return [(person, factor) for person, factor in found]


def _write(
    person: User, fact: str, subject: Phrase, paragraphs: list[Block], link: str, after: Phrase, act: Phrase
) -> None:
    with transaction():
        if first_time(person.email, fact):
            post_mail(person.email, person.language, subject, paragraphs, link, after, act=act)
