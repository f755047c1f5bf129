"""Refining as people meet it on pages and over the API."""

from __future__ import annotations

import pytest
from conftest import a_listing, a_person, join

from marketplace import index
from marketplace.accounts import service as accounts
from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.finding.terms import LISTINGS
from marketplace.listings import service as listings
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.models import Role
from marketplace.refining import service, texts
from marketplace.refining.models import Refinement, Step

ROW = {"indicator": "Flame time", "comparison": "at_most", "number": "0", "unit": "s", "condition": "GB 38031"}


@pytest.fixture
def need(company) -> Listing:
    return a_listing(company, Kind.NEED, State.DRAFT)


@pytest.fixture
def asked(charlie, need) -> Refinement:
    return service.ask(charlie, need, "The targets are soft.")


@pytest.fixture
def proposed(asked, dana) -> Refinement:
    service.take(dana, asked)
    service.write(dana, asked, {"title": "No flame at all", "targets": "Flame time 0 s"}, None)
    return service.propose(dana, asked, "Sharper now.")


@pytest.fixture
def others(company, alice, erin) -> list[User]:
    """Nobody of them has a part in it: a supplier, an operator, a second broker once it is taken."""
    return [alice, erin, a_person("frank@broker.example", is_broker=True)]


def fresh(ref: str, person: User) -> Refinement:
    return service.get(session.get_one(User, person.id), ref)


@pytest.fixture
def caller(app):
    """caller(alice)("get", "/api/v1/…", body) -> the answer to her program."""

    def program(person: User):
        token, client = accounts.new_token(person)[0], app.test_client()

        def call(method: str, path: str, body: object = None, headers: dict[str, str] | None = None):
            sent = {"Authorization": f"Bearer {token}", "Accept-Language": "en", **(headers or {})}
            return client.open(path, method=method.upper(), json=body, headers=sent)

        return call

    return program


def test_from_asking_to_approval_without_script(signed_in, charlie, dana, need):
    ref, company, broker = need.ref, signed_in(charlie), signed_in(dana)
    here = f"/needs/{ref}/refining"
    assert b"Ask a broker to refine it" in company.get(f"/listings/{ref}").data
    assert company.post(f"{here}/ask", data={"wish": "Soft targets"}).status_code == 302
    assert b"Soft targets" in broker.get("/refining").data
    broker.post(f"{here}/take")
    row = {f"targets.0.{name}": value for name, value in ROW.items()}
    sent = {"symptom": "Cells vent", **row, "version": "1", "then": "hand_over"}
    answered = company.post(f"{here}/questions", data=sent)
    assert answered.status_code == 302
    page = broker.get(here).text
    assert "Flame time: ≤ 0 s (GB 38031)" in page and "Write the refined text" in page
    drafted = broker.get(f"{here}/text?from=answers").text
    assert "Cells vent" in drafted and "Flame time: ≤ 0 s (GB 38031)" in drafted
    version = str(fresh(ref, dana).version)
    broker.post(f"{here}/text", data={"title": "No flame at all", "version": version})
    assert "No flame at all" not in company.get(here).text
    broker.post(f"{here}/propose", data={"message": "Sharper"})
    decision = company.get(f"{here}/decision").text
    assert "<ins>No flame at all</ins>" in decision or "<ins>" in decision
    done = company.post(f"{here}/decision", data={"then": "approve", "version": str(fresh(ref, charlie).version)})
    assert done.headers["Location"].endswith(f"/listings/{ref}/submit")
    versions = company.get(f"/listings/{ref}/versions").text
    assert "Original" in versions and "Refined" in versions and "Kept on record" in versions
    assert "See original and refined" in company.get(f"/listings/{ref}").text


@pytest.mark.parametrize("path", ["", "/questions", "/text", "/decision", "/end", "/ask", "?number=1"])
def test_strangers_find_no_page(path, signed_in, others, proposed, need):
    ref = need.ref
    for person in others:
        assert signed_in(person).get(f"/needs/{ref}/refining{path}").status_code == 404


@pytest.mark.parametrize("path", ["take", "release", "propose", "questions", "text", "decision", "end", "ask"])
def test_strangers_change_nothing(path, signed_in, others, proposed, need, charlie):
    ref = need.ref
    for person in others:
        answer = signed_in(person).post(f"/needs/{ref}/refining/{path}", data={"then": "approve", "symptom": "x"})
        assert answer.status_code == 404
    assert fresh(ref, charlie).step is Step.PROPOSED


def test_a_viewer_looks_on(signed_in, company, charlie, proposed, need):
    ref = need.ref
    victor = a_person("victor@company.example")
    join(victor, company, Role.VIEWER)
    browser, here = signed_in(victor), f"/needs/{need.ref}/refining"
    assert browser.get(here).status_code == 200
    for path in ("questions", "decision", "end", "text"):
        assert browser.get(f"{here}/{path}").status_code == 404
    ended = service.end(session.get_one(User, charlie.id), fresh(ref, charlie))
    assert not ended.is_open and browser.post(f"{here}/ask", data={"wish": ""}).status_code == 403


def test_a_visitor_is_asked_to_sign_in(client, need):
    assert "/sign-in" in client.get(f"/needs/{need.ref}/refining").headers["Location"]
    assert "/sign-in" in client.get("/refining").headers["Location"]


def test_wrong_entries_come_back_filled_and_named(signed_in, charlie, asked, need):
    answer = signed_in(charlie).post(f"/needs/{need.ref}/refining/questions", data={
        "symptom": "Kept", "targets.0.indicator": "Flame", "targets.0.number": "three", "worth_low": "9",
        "worth_high": "5", "targets.1.comparison": "at_least", "version": "1",
    })
    assert answer.status_code == 422
    assert "“three” is not a number" in answer.text and 'value="three"' in answer.text and "Kept" in answer.text
    assert "The upper end lies below the lower one." in answer.text


def test_a_stale_questionnaire_comes_back_filled_beside_the_others(signed_in, charlie, dana, asked, need):
    service.answer(charlie, asked, {"symptom": "Theirs, saved first"}, 1)
    answer = signed_in(dana).post(f"/needs/{need.ref}/refining/questions", data={"symptom": "Mine", "version": "1"})
    assert answer.status_code == 404  # before it is taken, a broker only looks
    service.take(session.get_one(User, dana.id), fresh(need.ref, dana))
    answer = signed_in(dana).post(f"/needs/{need.ref}/refining/questions", data={"symptom": "Mine", "version": "1"})
    assert answer.status_code == 409
    assert "Theirs, saved first" in answer.text and "Mine</textarea>" in answer.text.replace("\n", "")


def test_what_both_changed_is_shown_and_decided_on_the_page(signed_in, charlie, proposed, need):
    listings.change(charlie, need, {"title": "Ours, newer"}, None)
    ref, browser = need.ref, signed_in(charlie)
    here = f"/needs/{ref}/refining/decision"
    clash = browser.post(here, data={"then": "approve"})
    assert clash.status_code == 409 and "take.title" in clash.text
    now = texts.digest(texts.now_of(fresh(ref, charlie).listing))
    browser.post(here, data={"then": "approve", "take.title": "now", "decided_on": now})
    listing = fresh(ref, charlie).listing
    assert (listing.title, listing.details["targets"]) == ("Ours, newer", "Flame time 0 s")


def test_sending_back_needs_a_word(signed_in, charlie, proposed, need):
    browser, here = signed_in(charlie), f"/needs/{need.ref}/refining/decision"
    assert browser.post(here, data={"then": "return", "note": ""}).status_code == 422
    assert browser.post(here, data={"then": "return", "note": "Cost is missing"}).status_code == 302
    assert "Cost is missing" in browser.get(f"/needs/{need.ref}/refining").text


def test_a_stale_text_comes_back_filled(signed_in, charlie, dana, asked, need):
    service.take(dana, asked)
    seen, version = texts.digest(texts.now_of(need)), asked.version
    listings.change(charlie, need, {"title": "Changed meanwhile"}, None)
    answer = signed_in(dana).post(f"/needs/{need.ref}/refining/text", data={
        "summary": "My long work", "seen": seen, "version": str(version),
    })
    assert answer.status_code == 409 and "My long work" in answer.text and "Changed meanwhile" in answer.text


def test_hints_count_for_brokers_and_tell_of_nothing_hidden(signed_in, charlie, dana, company, institute, engine):
    need = a_listing(company, Kind.NEED, State.DRAFT, title="Zirconocene membrane", keywords=["zirconocene"])
    a_listing(institute)
    service.take(dana, service.ask(charlie, need))
    here, broker, member = f"/needs/{need.ref}/refining", signed_in(dana), signed_in(charlie)
    index.rebuild(LISTINGS)
    page = broker.get(here).text
    assert "zirconocene" in page.lower() and "0 results" in page
    assert "0 results" not in member.get(here).text


def test_pages_work_while_the_index_is_down(signed_in, charlie, asked, need, engine):
    engine.drop("listings")
    page = signed_in(charlie).get(f"/needs/{need.ref}/refining")
    assert page.status_code == 200 and "does not answer right now" in page.text


def test_a_refinement_takes_a_bounded_number_of_queries(signed_in, charlie, proposed, need, count_queries):
    browser = signed_in(charlie)
    browser.get(f"/needs/{need.ref}/refining")
    with count_queries() as asked:
        browser.get(f"/needs/{need.ref}/refining")
    assert asked.count <= 24


def test_over_the_api_from_asking_to_approval(caller, charlie, dana, need):
    company, broker = caller(charlie), caller(dana)
    here = f"/api/v1/needs/{need.ref}/refinement"
    assert company("post", here, {"wish": "Soft"}).status_code == 201
    assert broker("post", f"{here}/take", {}).json["step"] == "working"
    targets = [{"indicator": "Flame", "number": 0, "unit": "s"}]
    sheet = {"answers": {"symptom": "Fire", "targets": targets}, "version": 1}
    saved = company("put", f"{here}/questionnaire", sheet)
    assert saved.json["questionnaire"]["answers"]["targets"] == [{"indicator": "Flame", "number": "0", "unit": "s"}]
    other = {"answers": {"symptom": "Smoke"}, "version": 1}
    assert company("put", f"{here}/questionnaire", other).status_code == 409
    assert broker("get", f"{here}/questionnaire").json["still_open"]["tried.0.what"]
    assert broker("put", f"{here}/text", {"title": "No flame"}).json["text"]["title"] == "No flame"
    assert company("get", here).json["text"] is None
    assert broker("post", f"{here}/propose", {}).status_code == 200
    assert company("post", f"{here}/return", {"note": "Say at which temperature"}).json["turn"] == "broker"
    broker("put", f"{here}/text", {"targets": "0 s at 130 °C"})
    broker("post", f"{here}/propose", {"message": "Done"})
    approved = company("post", f"{here}/approve", {})
    assert (approved.json["step"], approved.json["text"]["targets"]) == ("approved", "0 s at 130 °C")
    assert [act["what"] for act in approved.json["history"]][-1] == "approved"
    tag = company("get", here).headers["ETag"]
    assert company("get", here, headers={"If-None-Match": tag}).status_code == 304
    assert company("get", "/api/v1/refinements").json["over"][0]["need"] == need.ref


@pytest.mark.parametrize(("method", "path", "body"), [
    ("get", "", None), ("post", "", {}), ("put", "/questionnaire", {"answers": {}}), ("put", "/text", {}),
    ("post", "/propose", {}), ("post", "/approve", {}), ("post", "/return", {"note": "x"}), ("post", "/take", {}),
    ("post", "/end", {}), ("get", "/hints", None), ("get", "/questionnaire", None),
])
def test_strangers_find_nothing_over_the_api(method, path, body, caller, others, proposed, need):
    ref = need.ref
    for call in [caller(person) for person in others]:
        assert call(method, f"/api/v1/needs/{ref}/refinement{path}", body).status_code == 404


def test_bad_answers_over_the_api_name_the_field_and_the_value(caller, charlie, asked, need):
    call, here = caller(charlie), f"/api/v1/needs/{need.ref}/refinement/questionnaire"
    wrong = {
        "symptom": ["no text"], "targets": [{"indicator": "a", "number": "1e400"}, {"colour": "red", "unit": "s"}],
        "tried": "everything", "worth_low": "much", "weather": "fine",
    }
    fields = call("put", here, {"answers": wrong}).json["fields"]
    assert set(fields) == {"symptom", "targets.0.number", "targets.1.colour", "tried", "worth_low", "weather"}
    assert "“much”" in fields["worth_low"]
