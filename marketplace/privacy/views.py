"""People's own data as pages: the terms they accept, the copy they take home, the end of an account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import accepting, limits, signing_in, texts
from marketplace.accounts.schemas import Nothing
from marketplace.accounts.texts import Text
from marketplace.accounts.views import local_path
from marketplace.errors import NotFound
from marketplace.files.views import deliver
from marketplace.phrases import day_of, say
from marketplace.privacy import leaving, retention, schemas, service, settings
from marketplace.privacy.holdings import REASONS
from marketplace.privacy.models import Deletion
from marketplace.web.forms import form_page
from marketplace.web.guard import actor, public
from marketplace.web.language import words

bp = Blueprint("privacy", __name__)
FORM = ["GET", "POST"]


@bp.after_app_request
def lead_after_signing_in(response: Response) -> Response:
    """Whoever has just signed in is first asked what waits for their answer; nobody is stopped later."""
    if g.get("just_signed_in") and response.status_code in (302, 303):
        person = actor()
        if person is not None and leaving.pending(person) is not None:
            response.location = url_for("privacy.waiting")
        elif person is not None and accepting.to_accept(person):
            response.location = url_for("privacy.accept", next=local_path(response.location))
    return response


@bp.get("/<any(terms, privacy):text>")
@public
def text(text: str) -> ResponseReturnValue:
    """The edition in force; the privacy notice with what is kept, why and how long."""
    return _edition(Text(text), texts.editions(Text(text))[0].number)


@bp.get("/<any(terms, privacy):text>/<number>")
@public
def edition(text: str, number: str) -> ResponseReturnValue:
    return _edition(Text(text), number)


@bp.route("/account/texts", methods=FORM)
def accept() -> ResponseReturnValue:
    found = accepting.to_accept(actor())
    after = local_path(request.values.get("next", ""))
    if not found:
        return redirect(after)

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        accepting.require_shown(values["editions"], found)
        accepting.accept(actor(), found)
        return redirect(local_path(values["next"]))

    return form_page("privacy/accept.html", schemas.Accepted(), done, initial={"next": after}, texts=found,
                     after=after)


@bp.get("/account/data")
def data() -> ResponseReturnValue:
    export = service.latest(actor())
    return render_template(
        "privacy/data.html", export=export, there=export is not None and service.is_there(export),
        accepted=accepting.of(actor()), names=texts.NAMES, days=settings.current().exports,
        wish=leaving.pending(actor()),
    )


@bp.post("/account/data")
@limits.showing_password
@signing_in.recently_confirmed
def ask() -> ResponseReturnValue:
    service.ask(actor())
    flash(words(say("Your copy is being put together. We tell you when it is ready.")))
    return redirect(url_for("privacy.data"))


@bp.get("/account/data/<int:number>/file")
def download(number: int) -> ResponseReturnValue:
    return deliver(service.fetch(actor(), number))


@bp.route("/account/delete", methods=FORM)
@limits.showing_password
@signing_in.recently_confirmed
def delete() -> ResponseReturnValue:
    if leaving.pending(actor()) is not None:
        return redirect(url_for("privacy.waiting"))
    handings = leaving.handings(actor())

    def done(values: dict[str, Any]) -> ResponseReturnValue:
        heirs = {str(one.organisation.id): values[schemas.field_of(one)] for one in handings if one.colleagues}
        return _goodbye(leaving.ask(actor(), heirs))

    return form_page("privacy/delete.html", schemas.leaving(handings), done, handings=handings,
                     hindrances=leaving.hindrances(actor()), field_of=schemas.field_of,
                     days=settings.current().deletion)


def _goodbye(wish: Deletion) -> ResponseReturnValue:
    signing_in.leave()
    flash(words(say("Your account will be deleted on {day}. You have been signed out. To keep it, sign in before then.",
                    day=day_of(wish.due_at))))
    return redirect("/")


@bp.get("/account/leaving")
def waiting() -> ResponseReturnValue:
    """What somebody sees first who signs in while the account waits to be deleted."""
    wish = leaving.pending(actor())
    if wish is None:
        return redirect(url_for("privacy.data"))
    return render_template("privacy/waiting.html", wish=wish)


@bp.post("/account/keep")
def keep() -> ResponseReturnValue:
    wish = leaving.pending(actor())
    if wish is not None:
        leaving.cancel(wish)
    flash(words(say("Your account stays.")))
    return redirect(url_for("privacy.data"))


@bp.route("/keep-account/<token>", methods=FORM)
@limits.by_origin
@public
def keep_by_link(token: str) -> ResponseReturnValue:
    """A button, because programs that look through mail open every link in it."""
    wish = leaving.behind(token)
    if wish is None:
        return render_template("privacy/keep.html", wish=None), 410

    def done(_: dict[str, Any]) -> ResponseReturnValue:
        leaving.cancel(wish)
        flash(words(say("Your account stays.")))
        return redirect(url_for("accounts.sign_in"))

    return form_page("privacy/keep.html", Nothing(), done, wish=wish)


def _edition(text: Text, number: str) -> ResponseReturnValue:
    every = texts.editions(text)
    shown = next((one for one in every if one.number == number), None)
    if shown is None:
        raise NotFound
    kept = {"reasons": REASONS, "rules": retention.every_rule()} if text is Text.PRIVACY and shown == every[0] else {}
    return render_template("privacy/text.html", edition=shown, every=every, contact=settings.current().contact,
                           **kept)
