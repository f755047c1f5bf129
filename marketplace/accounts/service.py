"""What people do with their accounts. The only writer of users and tokens."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from marketplace import audit, clock, outbox
from marketplace.accounts import accepting, links, passkeys, passwords, sessions, tokens
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import ApiToken, User
from marketplace.accounts.permissions import can_revoke
from marketplace.accounts.scopes import as_kept
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.phrases import DEFAULT, LANGUAGES, say

STALE_LINK = say("This link has been used or has expired. Ask for a new one.")


def by_email(email: str) -> User | None:
    return session.scalar(select(User).where(User.email == normal(email)))


def normal(email: str) -> str:
    """The form in which addresses are kept and compared."""
    return email.strip().lower()


def register(*, name: str, email: str, password: str, language: str = DEFAULT, editions: str | None = None) -> None:
    """Open an account and send the mail that confirms its address; `editions` of the terms were accepted for it.

    To somebody who has an account already, another mail says so; the one who asked sees no difference.
    """
    _check_password(password, email, name)
    if editions is not None:
        accepting.require_shown(editions)
    password_hash = passwords.hashed(password)  # before we look, so that both ways take as long
    with transaction():
        person = by_email(email)
        known = person is not None
        if person is None:
            person = _add(email, name, language, password_hash=password_hash)
            if editions is not None:
                accepting.accept(person)
        audit.record(None, "account.registered_again" if known else "account.registered", "user", person.id)
        outbox.publish("user.registered", person.id)


def create(
    email: str, name: str, password: str, *, broker: bool = False, operator: bool = False, language: str = DEFAULT,
    password_hash: str | None = None,
) -> User:
    """Open a confirmed account with roles on the platform: for the command line, whose user owns the machine.

    `password_hash` is the password's, where it is at hand: hashing takes its time on purpose.
    """
    _check_password(password, email, name)
    password_hash = password_hash or passwords.hashed(password)
    return _open(email, name, language, password_hash=password_hash, confirmed_at=clock.now(),
                 is_broker=broker, is_operator=operator)


def invite(
    email: str, name: str, *, broker: bool = False, operator: bool = False, language: str = DEFAULT
) -> str:
    """Open an account whose person chooses the password; return the link to do so, which also leaves by mail."""
    with transaction():
        person = _open(email, name, language, is_broker=broker, is_operator=operator)
        outbox.publish("user.invited", person.id)
    return links.link(Purpose.WELCOME, person)


def enrol(*, email: str, name: str, password: str, language: str = DEFAULT) -> User:
    """Open the account of somebody whose address is proven, or complete one that has no password yet."""
    _check_password(password, email, name)
    person = by_email(email)
    if person is None:
        return _open(email, name, language, password_hash=passwords.hashed(password), confirmed_at=clock.now())
    if person.password_hash is not None:
        raise Conflict(say("There is an account with this address already. Sign in with it."))
    with transaction():
        person.name, person.language = name, language
        person.password_hash = passwords.hashed(password)
        person.confirmed_at = person.confirmed_at or clock.now()
        audit.record(person.id, "account.completed", "user", person.id)
    return person


def open_proven(email: str, name: str, language: str) -> User:
    """Open an account that has no password, for somebody whose address another system has proven."""
    return _open(email, name, language, confirmed_at=clock.now())


def confirm(token: str) -> User:
    """The person behind the link has shown that the address is theirs."""
    person = links.reader(Purpose.CONFIRM, token)
    if person is None:
        raise Conflict(STALE_LINK)
    prove_address(person)
    return person


def prove_address(person: User) -> None:
    """Somebody acted through a link that only their mailbox had."""
    if person.confirmed_at is None:
        with transaction():
            person.confirmed_at = clock.now()
            audit.record(person.id, "account.confirmed", "user", person.id)


def ask_for_confirmation(actor: User) -> None:
    """Send the confirming mail again."""
    if actor.confirmed_at is not None:
        raise Conflict(say("Your address is confirmed already."))
    with transaction():
        outbox.publish("user.registered", actor.id)


def person_with(email: str, password: str) -> User | None:
    """Who signs in with these; None says neither whether the account exists nor what was wrong."""
    about = select(User.id, User.password_hash, User.disabled_at).where(User.email == normal(email))
    number, kept, disabled_at = session.execute(about).one_or_none() or (None, None, None)
    if not passwords.matches(kept, password) or number is None or kept is None or disabled_at is not None:
        # Also of nobody's account, so that both take as long; nor is more read of an account that there is.
        audit.record(None, "session.refused", "user", number if number is not None else audit.UNKNOWN)
        return None
    person = session.get_one(User, number)
    if passwords.is_outdated(kept):
        with transaction():
            person.password_hash = passwords.hashed(password)
    return person


def active(person_id: int) -> User | None:
    """The person with this number, unless they are gone or disabled."""
    person = session.get(User, person_id)
    return person if person is not None and person.disabled_at is None else None


def account_of(email: str) -> User:
    """The person with this address, for the command line; raises NotFound."""
    person = by_email(email)
    if person is None:
        raise NotFound(say("There is no account with the address {email}.", email=normal(email)))
    return person


def end_everything(person: User) -> int:
    """Whatever was given out to act as this person opens nothing any more; how many browsers were signed in. For the
    command line."""
    with transaction():
        ended = sessions.end_all(person)
        person.session_number += 1
        tokens.end_all(person)
        passkeys.end_all(person)
        audit.record(None, "user.signed_out", "user", person.id)
    return ended


def disable(person: User) -> bool:
    """Nobody signs in with the account from now on, and whoever is signed in is no more; what the person did stays, and
    their open cases ask for another owner. False: it was so already. For the command line.

    Raises Conflict for the last operator: nobody could let them in again from a page.
    """
    if person.disabled_at is not None:
        return False
    others = select(User.id).where(User.is_operator, User.disabled_at.is_(None), User.id != person.id)
    if person.is_operator and session.scalar(others.limit(1)) is None:
        raise Conflict(say("{email} is the last operator. Open the account of another one first.", email=person.email))
    with transaction():
        person.disabled_at = clock.now()
        end_everything(person)
        audit.record(None, "user.disabled", "user", person.id)
    return True


def enable(person: User) -> bool:
    """They may sign in again, as before. False: nothing kept them from it."""
    if person.disabled_at is None:
        return False
    with transaction():
        person.disabled_at = None
        audit.record(None, "user.enabled", "user", person.id)
    return True


def show_password(actor: User, password: str) -> None:
    """The person at the browser knows the password; raises Invalid if not."""
    if not passwords.matches(actor.password_hash, password):
        audit.record(actor.id, "password.refused", "user", actor.id)
        raise Invalid({"password": say("This is not your present password.")})


def ask_for_reset(email: str) -> None:
    """Send a link to choose a new password, if there is such a person; the one who asks is not told."""
    person = by_email(email)
    with transaction():
        audit.record(None, "password.asked", "user", person.id if person is not None else audit.UNKNOWN)
        if person is not None and person.disabled_at is None:
            outbox.publish("user.reset_requested", person.id)


def choose_password(purpose: Purpose, token: str, password: str) -> User:
    """Set the password through a mailed link, which proves the address and ends every session, token and passkey."""
    person = links.reader(purpose, token)
    if person is None:
        raise Conflict(STALE_LINK)
    _check_password(password, person.email, person.name)
    with transaction():
        person.password_hash = passwords.hashed(password)
        person.session_number += 1
        person.confirmed_at = person.confirmed_at or clock.now()
        sessions.end_all(person)
        tokens.end_all(person)
        passkeys.end_all(person)
        audit.record(person.id, f"password.{purpose}", "user", person.id)
    return person


def change_password(actor: User, current: str, password: str, *, here: int | None = None) -> None:
    """Needs the present password; every browser but the one with the session `here` is signed out, every token ends."""
    if not passwords.matches(actor.password_hash, current):
        audit.record(actor.id, "password.refused", "user", actor.id)
        raise Invalid({"current": say("This is not your present password.")})
    _check_password(password, actor.email, actor.name)
    with transaction():
        actor.password_hash = passwords.hashed(password)
        actor.session_number += 1
        sessions.end_all(actor, but=here)
        tokens.end_all(actor)
        audit.record(actor.id, "password.changed", "user", actor.id)


def change_profile(actor: User, *, version: int, name: str, phone: str | None = None, language: str) -> None:
    if version != actor.version:
        raise Conflict(say("Your account has changed meanwhile, in another window perhaps. Look again, then save."))
    given = {"name": name, "phone": phone, "language": language}
    changed = [field for field, value in given.items() if value != getattr(actor, field)]
    with transaction():
        actor.name, actor.phone, actor.language = name, phone, language
        audit.record(actor.id, "account.changed", "user", actor.id, fields=changed)


def speak(actor: User, language: str) -> None:
    """Remember the language somebody chose to read in; their mails follow."""
    if language in LANGUAGES and language != actor.language:
        with transaction():
            actor.language = language


def new_token(
    person: User, *, name: str | None = None, scopes: Collection[str] | None = None, days: int = tokens.LIFETIMES[0]
) -> tuple[str, datetime]:
    """(a bearer token, shown this once; until when it is good). Without `scopes` it may do what its person may."""
    now = clock.now()
    token, row = tokens.new(person, now, name=name, scopes=as_kept(scopes), days=days)
    with transaction():
        tokens.make_room(person, now)
        if name is not None:
            _check_name_of_token(person, name)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # made a moment ago, by a second click perhaps
            raise Invalid({"name": say("You have a token called “{name}” already.", name=name)}) from None
        audit.record(person.id, "token.made", "user", person.id, token=row.id, scopes=row.scopes)
    return token, row.expires_at


def ask_for_token(
    actor: User, password: str, *, name: str, scopes: Collection[str], days: int
) -> tuple[str, datetime]:
    """new_token, for somebody at the browser: only whoever knows the password gives out a key to the account."""
    show_password(actor, password)
    return new_token(actor, name=name, scopes=scopes, days=days)


def _check_name_of_token(person: User, name: str) -> None:
    named_ones = session.scalars(select(ApiToken.name).where(ApiToken.user_id == person.id, ApiToken.name.is_not(None)))
    taken = named_ones.all()
    if name in taken:
        raise Invalid({"name": say("You have a token called “{name}” already.", name=name)})
    if len(taken) >= tokens.MOST_NAMED:
        raise Invalid({"name": say("You have {max} tokens. Revoke one that is not used any more first.",
                                   max=tokens.MOST_NAMED)})


def tokens_of(actor: User) -> Sequence[ApiToken]:
    """The person's tokens that are still good, the newest first."""
    good = select(ApiToken).where(ApiToken.user_id == actor.id, ApiToken.expires_at > clock.now())
    return session.scalars(good.order_by(ApiToken.id.desc())).all()


def revoke_token(actor: User, token_id: int) -> None:
    row = session.get(ApiToken, token_id)
    if row is None or not can_revoke(actor, row):
        raise NotFound
    with transaction():
        session.delete(row)
        audit.record(actor.id, "token.revoked", "user", actor.id, token=token_id)


def revoke_this(actor: User, token: str) -> None:
    """Give up the token somebody is using."""
    with transaction():
        session.execute(delete(ApiToken).where(ApiToken.user_id == actor.id, ApiToken.digest == tokens.digest(token)))
        audit.record(actor.id, "token.revoked", "user", actor.id)


def staff() -> Sequence[User]:
    """Brokers and operators at work, by name: who can answer for a company."""
    at_work = select(User).where(User.is_broker | User.is_operator, User.disabled_at.is_(None))
    return session.scalars(at_work.order_by(User.name, User.id)).all()


def operators() -> Sequence[int]:
    return session.scalars(select(User.id).where(User.is_operator, User.disabled_at.is_(None))).all()


def _open(email: str, name: str, language: str, **fields: object) -> User:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", normal(email)):
        raise Invalid({"email": say("“{email}” is not an e-mail address, such as name@example.com.", email=email)})
    with transaction():
        if by_email(email) is not None:
            raise Conflict(say("There is an account with the address {email} already.", email=normal(email)))
        person = _add(email, name, language, **fields)
        audit.record(None, "account.opened", "user", person.id, broker=person.is_broker, operator=person.is_operator)
    return person


def _add(email: str, name: str, language: str, **fields: object) -> User:
    person = User(email=normal(email), name=name, language=language, created_at=clock.now(), **fields)
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError:
        raise Conflict(say("There is an account with the address {email} already.", email=normal(email))) from None
    return person


def _check_password(password: str, email: str, name: str) -> None:
    fault = passwords.fault(password, (email, email.partition("@")[0], name))
    if fault is not None:
        raise Invalid({"password": fault})
