"""People as pages: registration, signing in and out, and one's own account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import (
    half_way,
    limits,
    links,
    passwords,
    schemas,
    second_factor,
    service,
    sessions,
    signing_in,
    texts,
)
from marketplace.accounts.limits import by_origin
from marketplace.accounts.links import Purpose
from marketplace.accounts.models import User
from marketplace.accounts.permissions import CONFIRM_FIRST
from marketplace.errors import Invalid
from marketplace.phrases import LANGUAGES, say
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, is_api, public
from marketplace.web.language import current, words

bp = Blueprint("accounts", __name__)
FORM = ["GET", "POST"]


@bp.before_app_request
def remember_language() -> None:
    """`?lang=` chosen by somebody signed in becomes the language of their account, and of their mails."""
    asked = request.args.get("lang")
    if asked in LANGUAGES and request.method == "GET" and not is_api() and actor() is not None:
        service.speak(actor(), asked)


@bp.route("/register", methods=FORM)
@limits.asking_for_mail
@public
def register() -> ResponseReturnValue:
    if "next" in request.args:
        session["after"] = local_path(request.args["next"])

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.register(**values)
        session["registered"] = values["email"]
        return redirect(url_for("accounts.registered"))

    return form_page("accounts/register.html", schemas.NewAccount(), done, initial={"language": current()},
                     languages=schemas.LANGUAGE_NAMES, rules=passwords.RULES, texts=texts.in_force())


@bp.get("/registered")
@public
def registered() -> ResponseReturnValue:
    return render_template("accounts/registered.html", email=session.get("registered"))


@bp.route("/sign-in", methods=FORM)
@limits.signing_in
@public
def sign_in() -> ResponseReturnValue:
    after = local_path(request.args.get("next") or session.get("after", ""))
    if request.method == "GET" and actor() is not None:
        return redirect(after)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        person = service.person_with(values["email"], values["password"])
        if person is None:
            raise Invalid({"": say("The address or the password is wrong.")})
        return welcome_in(person, local_path(values["next"]), remember=values["remember"])

    return form_page("accounts/sign_in.html", schemas.SignIn(), done, initial={"next": after})


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    signing_in.leave()
    return redirect("/")


@bp.route("/confirm/<token>", methods=FORM)
@public
def confirm(token: str) -> ResponseReturnValue:
    """A button, because programs that look through mail open every link in it."""
    if links.reader(Purpose.CONFIRM, token) is None:
        return stale_link(Purpose.CONFIRM)

    def done(_: dict[str, Any]) -> ResponseReturnValue:
        person = service.confirm(token)
        flash(words(say("Thank you: {email} is confirmed.", email=person.email)))
        return redirect(url_for("accounts.account"))

    return form_page("accounts/confirm.html", schemas.Nothing(), done)


@bp.post("/account/confirmation")
@limits.sending_mail
def send_confirmation() -> ResponseReturnValue:
    service.ask_for_confirmation(actor())
    flash(words(say("The mail is on its way to {email}.", email=actor().email)))
    return redirect(url_for("accounts.account"))


@bp.route("/forgotten", methods=FORM)
@limits.asking_for_mail
@public
def forgotten() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.ask_for_reset(values["email"])
        return render_template("accounts/reset_sent.html", email=values["email"])

    return form_page("accounts/forgotten.html", schemas.Forgotten(), done, initial={"email": request.args.get("email")})


@bp.route("/reset/<token>", methods=FORM)
@by_origin
@public
def reset(token: str) -> ResponseReturnValue:
    return password_page(Purpose.RESET, token)


@bp.route("/welcome/<token>", methods=FORM)
@by_origin
@public
def welcome(token: str) -> ResponseReturnValue:
    return password_page(Purpose.WELCOME, token)


def password_page(purpose: Purpose, token: str) -> ResponseReturnValue:
    person = links.reader(purpose, token)
    if person is None:
        return stale_link(purpose)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        person = service.choose_password(purpose, token, values["password"])
        flash(words(say("Your password is set.")))
        return welcome_in(person, "/", by_mail=True)

    return form_page("accounts/choose_password.html", schemas.NewPassword(), done, person=person, purpose=purpose,
                     rules=passwords.RULES)


@bp.route("/account", methods=FORM)
def account() -> ResponseReturnValue:
    person: User = actor()

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        service.change_profile(person, **values)
        session["language"] = values["language"]
        g.language = values["language"]
        flash(words(say("Saved.")))
        return redirect(url_for("accounts.account"))

    initial = {"name": person.name, "phone": person.phone, "language": person.language, "version": person.version}
    return form_page("accounts/account.html", schemas.Profile(), done, initial=initial, person=person,
                     languages=schemas.LANGUAGE_NAMES, tokens=service.tokens_of(person), browsers=sessions.of(person),
                     here=signing_in.this_browser(), factor=second_factor.kept_by(person))


@bp.route("/account/password", methods=FORM)
@limits.showing_password
def change_password() -> ResponseReturnValue:
    def done(values: dict[str, Any]) -> ResponseReturnValue:
        here = signing_in.this_browser()
        service.change_password(actor(), values["current"], values["password"], here=here.id)
        signing_in.renew(sessions.confirm(here))
        flash(words(say("Your password is changed. Other browsers have been signed out.")))
        return redirect(url_for("accounts.account"))

    return form_page("accounts/change_password.html", schemas.ChangedPassword(), done, rules=passwords.RULES)


def welcome_in(person: User, after: str, *, remember: bool = False, by_mail: bool = False) -> ResponseReturnValue:
    """Whoever this is has shown the password, or as much: sign the browser in and go on, or ask for the code first."""
    if second_factor.is_asked(person):
        half_way.note(person, after, remember=remember, by_mail=by_mail)
        return redirect(url_for("second_factor.enter"))
    signing_in.start(person, remember=remember, by_mail=by_mail)
    return go_on(person, after)


def go_on(person: User, after: str) -> ResponseReturnValue:
    """To where somebody wanted to go before they had to sign in."""
    if person.confirmed_at is None:
        flash(words(CONFIRM_FIRST), "warning")
    return redirect(after)


def stale_link(purpose: Purpose) -> ResponseReturnValue:
    return render_template("accounts/stale_link.html", purpose=purpose), 410


def local_path(text: str) -> str:
    """`text` if it leads to a page of ours, else the home page: nobody is sent elsewhere by signing in."""
    sound = text.startswith("/") and text[1:2] not in ("/", "\\") and text.isprintable() and "\\" not in text
    return text if sound and not text.startswith("/sign-") else "/"
