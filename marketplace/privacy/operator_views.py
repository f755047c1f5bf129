"""What operators see of it: who accepted which edition, how long things are kept, what would go now."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from marketplace.accounts import texts
from marketplace.privacy import overview
from marketplace.web.guard import actor

bp = Blueprint("operator_privacy", __name__)


@bp.get("/operator/privacy")
def show() -> ResponseReturnValue:
    return render_template("privacy/operator.html", seen=overview.of(actor()), names=texts.NAMES)
