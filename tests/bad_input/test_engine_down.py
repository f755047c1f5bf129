"""The engine does not answer: searching goes on in the database and says so, and no change is lost."""

import pytest
from conftest import a_listing
from indexing import EngineThatIsDown, index_listings
from introductions.case_entries import ANSWERS
from sqlalchemy import func, select
from trying import text_of

from marketplace import clock, index, outbox
from marketplace.db import session
from marketplace.listings import service
from marketplace.listings.models import Kind, Listing, State

pytest_plugins = ["company_of_trouble"]


@pytest.fixture
def down(engine):
    index.bind(EngineThatIsDown())
    return lambda: index.bind(engine)


def test_search_answers_from_the_database_and_says_so_in_both_languages(client, program, institute, down):
    ref = a_listing(institute).ref
    page = text_of(client.get("/search?q=electrolyte&field=new_energy&trl_min=4"))
    assert ref in page and "not answering" in page
    chinese = text_of(client.get("/search?q=electrolyte&lang=zh"))
    assert ref in chinese and "not answering" not in chinese and "检索" in chinese
    answer = program().get("/api/v1/search?q=electrolyte").json
    assert (answer["engine"], answer["degraded"], answer["total"]) == ("sql", True, 1)


def test_drafts_and_anonymous_titles_stay_hidden_without_the_engine(client, institute, company, down):
    a_listing(institute, state=State.DRAFT, title="Secret electrolyte")
    a_listing(company, Kind.NEED, anonymous=True, title="Company electrolyte")
    answer = client.get("/api/v1/search?q=company electrolyte")
    assert answer.json["total"] == 0 and "Secret" not in text_of(client.get("/search?q=electrolyte"))
    assert client.get("/api/v1/suggest?q=secret").json == {"suggestions": []}


def test_suggestions_come_from_titles_then(client, institute, down):
    ref = a_listing(institute).ref
    assert client.get("/api/v1/suggest?q=flame").json["suggestions"][0]["ref"] == ref


def test_every_page_and_answer_still_comes(
    signed_in, program, alice, charlie, dana, erin, interest, need, result, down
):
    refs = {"need": need.ref, "result": result.ref, "case": interest.ref}
    for person in (alice, charlie, dana, erin):
        browser = signed_in(person)
        for path in (
            "/",
            "/search",
            "/search?sort=closing",
            "/mine",
            "/listings/{result}",
            "/listings/{need}/matches",
            "/review",
            "/introductions",
            "/introductions/{case}",
            "/introductions/new?listing={result}",
            "/figures",
            "/events",
            "/organisations",
            "/help",
            "/desk",
        ):
            assert browser.get(path.format(**refs)).status_code in (200, 403, 404), path
    his = program(charlie)
    for path in ("/search?q=x", "/suggest?q=x", f"/listings/{refs['need']}/matches", f"/introductions/{refs['case']}"):
        assert his.get(f"/api/v1{path}").status_code == 200, path


def test_readiness_says_what_is_down_and_liveness_does_not_mind(client, down):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_changes_wait_and_arrive_once_it_is_back(
    client, program, signed_in, alice, erin, charlie, institute, need, down, monkeypatch
):
    ref = program(alice).post("/api/v1/listings", json={"kind": "result", "title": "Zirconia membrane"}).json["ref"]
    published = a_listing(institute, title="Graphene pump").ref
    need_ref = need.ref
    service.change(
        alice,
        session.scalars(select(Listing).where(Listing.ref == published)).one(),
        {"keywords": ["graphene pump"]},
        None,
    )
    answers = {"need": need_ref, "result": published, **ANSWERS}
    assert program(charlie).post("/api/v1/introductions", json=answers).status_code == 201
    outbox.drain()
    waiting = session.scalar(select(func.count()).select_from(outbox.Entry).where(outbox.Entry.attempts > 0))
    assert waiting, "what could not be indexed has to wait"
    down()
    later = clock.now().replace(year=clock.now().year + 1)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: later)
        outbox.drain()
    assert published in {hit["ref"] for hit in client.get("/api/v1/search?q=graphene").json["hits"]}
    assert signed_in(alice).get(f"/listings/{ref}").status_code == 200


def test_index_that_is_behind_hides_but_never_leaks(client, institute, alice):
    listing = a_listing(institute)
    index_listings()
    service.withdraw(alice, listing, "sold")  # and the worker has not come yet
    assert client.get("/api/v1/search?q=electrolyte").json["hits"] == []
    assert listing.ref not in text_of(client.get("/search?q=electrolyte"))
    assert client.get("/api/v1/suggest?q=flame").json == {"suggestions": []}
