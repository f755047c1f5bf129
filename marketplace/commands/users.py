"""user create · invite · disable · enable · reset-second-factor · sign-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from marketplace.accounts import second_factor, service, sessions
from marketplace.commands import ready
from marketplace.phrases import DEFAULT, LANGUAGES


def described(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that both ways of opening an account take."""
    for add in (
        click.argument("email"),
        click.option("--name", required=True, help="As others read it."),
        click.option("--broker", is_flag=True, help="May take cases and review listings."),
        click.option("--operator", is_flag=True, help="May verify organisations and see every figure."),
        click.option("--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True),
    ):
        command = add(command)
    return command


@click.group()
def user() -> None:
    """Open accounts, those of brokers and operators above all.

    Example: yinqiao user invite dana@broker.example --name "Dana Dai" --broker
    """


@user.command()
@described
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")
def create(email: str, name: str, password: str, broker: bool, operator: bool, language: str) -> None:
    """Open a confirmed account with a password; no mail is sent.

    Example: yinqiao user create erin@operator.example --name "Erin Yin" --operator
    """
    ready.settings()
    person = service.create(email, name, password, broker=broker, operator=operator, language=language)
    click.echo(f"{person.email} can sign in now.")


@user.command()
@described
def invite(email: str, name: str, broker: bool, operator: bool, language: str) -> None:
    """Open an account whose person chooses the password through a link, which leaves by mail and is printed.

    Example: yinqiao user invite dana@broker.example --name "Dana Dai" --broker
    """
    ready.settings()
    link = service.invite(email, name, broker=broker, operator=operator, language=language)
    click.echo(link)


@user.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Take the second factor off the account of somebody who has lost telephone and recovery codes. They are signed
    out everywhere and told by mail. Make sure first that it is they who ask, by a way other than mail.

    Example: yinqiao user reset-second-factor dana@broker.example
    """
    ready.settings()
    person = service.account_of(email)
    done = second_factor.reset(person)
    sessions.end_all(person)
    click.echo(f"{person.email} signs in with the password alone." if done else f"{person.email} has no second factor.")


@user.command("sign-out")
@click.argument("email")
def sign_out(email: str) -> None:
    """Sign somebody out of every browser, and end their API tokens and passkeys: a laptop is lost, or a password known.

    Example: yinqiao user sign-out dana@broker.example
    """
    ready.settings()
    person = service.account_of(email)
    browsers = service.end_everything(person)
    click.echo(f"{person.email} is signed out: {browsers} browsers, and no token or passkey is good any more.")


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Close an account to its person: they are signed out everywhere, their tokens and passkeys end, and nobody signs
    in with it. What they did stays. A broker's open cases ask for another owner.

    Example: yinqiao user disable dana@broker.example
    """
    ready.settings()
    person = service.account_of(email)
    done = service.disable(person)
    click.echo(f"{person.email} {'can no longer sign in' if done else 'was disabled already'}.")


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Let somebody sign in again whose account was disabled.

    Example: yinqiao user enable dana@broker.example
    """
    ready.settings()
    person = service.account_of(email)
    done = service.enable(person)
    click.echo(f"{person.email} {'can sign in again' if done else 'was not disabled'}.")
