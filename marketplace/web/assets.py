"""Style, script and pictures: addresses that change with what they serve, and the few icons we draw.

The version stands in the path (/static/<version>/main.js), so that what a script imports carries it too; browsers
keep what lies there for a year without asking again.
"""

from __future__ import annotations

import hashlib
import re
from importlib.metadata import version as installed
from pathlib import Path

import flask_bootstrap
from flask import Flask
from markupsafe import Markup

ICONS = ("bell", "bookmark", "check-circle", "exclamation-triangle", "person")
"""Those of Bootstrap's that our pages show; the whole set is a file of a megabyte."""
SET = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "icons" / "bootstrap-icons.svg"
KEPT = "public, max-age=31536000, immutable"


def address(folder: Path) -> str:
    """Where the files of `folder` and Bootstrap's are served: another address for other contents."""
    seen = hashlib.sha256(installed("bootstrap-flask").encode())
    for path in sorted(folder.iterdir()):
        seen.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"/static/{seen.hexdigest()[:12]}"


def install(app: Flask) -> None:
    app.jinja_env.globals["icons"] = drawings()


def drawings() -> dict[str, Markup]:
    """The inside of each icon, to be written into the page itself."""
    symbols = re.findall(r'<symbol[^>]*\bid="([\w-]+)">(.*?)</symbol>', SET.read_text(), re.DOTALL)
    return {name: Markup(drawn) for name, drawn in symbols if name in ICONS}  # noqa: S704  a file of the distribution
