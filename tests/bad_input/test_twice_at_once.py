"""Two people at the same thing, and one person twice: nothing is lost, nothing is doubled, and it is said."""

import re

import pytest
from at_once import outcomes
from conftest import a_listing, a_person, an_organisation, join
from events.planned import a_series, an_edition
from introductions.case_entries import ANSWERS, entries
from sqlalchemy import func, select
from trying import problem_of, text_of

from marketplace.accounts.models import User
from marketplace.db import session
from marketplace.errors import Conflict
from marketplace.events.models import Registration
from marketplace.introductions import service
from marketplace.introductions.models import History, Interest, Introduction, Stage
from marketplace.listings import service as listings
from marketplace.listings.models import Kind, Listing, State
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role

pytest_plugins = ["company_of_trouble"]


def count(table) -> int:
    return session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("guard", ["version", "If-Match"])
def test_second_program_is_told_that_a_listing_has_changed(program, alice, bob, institute, guard):
    ref = a_listing(institute, state=State.DRAFT).ref
    hers, his, one = program(alice), program(bob), f"/api/v1/listings/{ref}"
    seen = hers.get(one)
    headers = {"If-Match": seen.headers["ETag"]} if guard == "If-Match" else {}
    body = {"version": seen.json["version"]} if guard == "version" else {}
    assert hers.patch(one, json={"title": "Hers", **body}, headers=headers).status_code == 200
    answer = his.patch(one, json={"title": "His", **body}, headers=headers)
    assert "changed" in problem_of(answer, 412 if headers else 409)["detail"]
    assert hers.get(one).json["title"] == "Hers"


@pytest.mark.parametrize("tag", ['"forged"', 'W/"1"', '"99999999999999999999"', '""', "nonsense", '"\u00ff"'])
def test_precondition_that_cannot_hold_changes_nothing(program, alice, institute, tag):
    ref = a_listing(institute, state=State.DRAFT).ref
    answer = program(alice).patch(f"/api/v1/listings/{ref}", json={"title": "x"}, headers={"If-Match": tag})
    assert answer.status_code == 412
    assert session.scalars(select(Listing.title)).one() != "x"


def test_second_editor_of_a_form_keeps_what_they_wrote(signed_in, alice, bob, institute):
    ref = a_listing(institute, state=State.DRAFT).ref
    hers, his = signed_in(alice), signed_in(bob)
    opened = [
        re.search(r'name="version" value="(\d+)"', text_of(b.get(f"/listings/{ref}/edit")))[1] for b in (hers, his)
    ]
    assert hers.post(f"/listings/{ref}/edit", data={"title": "Hers", "version": opened[0]}).status_code == 302
    answer = his.post(f"/listings/{ref}/edit", data={"title": "His own words", "version": opened[1]})
    assert answer.status_code == 409 and "His own words" in text_of(answer) and "Hers" in text_of(answer)
    assert session.scalars(select(Listing.title)).one() == "Hers"


def test_second_broker_is_told_on_the_page(signed_in, dana, interest):
    frank, ref = a_person("frank@broker.example", is_broker=True), interest.ref
    first, second = signed_in(dana), signed_in(frank)
    version = re.search(r'name="version" value="(\d+)"', text_of(second.get(f"/introductions/{ref}/moves/take")))[1]
    assert first.post(f"/introductions/{ref}/moves/take", data={"version": version}).status_code == 302
    answer = second.post(f"/introductions/{ref}/moves/take", data={"version": version})
    assert answer.status_code == 409 and "Somebody else moved" in text_of(answer)
    assert (
        session.scalars(select(Introduction.broker_id)).one()
        == session.scalars(select(User.id).where(User.email == "dana@broker.example")).one()
    )


def test_stale_move_keeps_what_was_written(signed_in, dana, interest):
    ref, version, browser = interest.ref, interest.version, signed_in(dana)
    assert browser.post(f"/introductions/{ref}/moves/take", data={"version": version}).status_code == 302
    late = {"version": version, "wakes_on": "2099-01-01", "note": "They move house until spring"}
    answer = browser.post(f"/introductions/{ref}/moves/hold", data=late)
    assert answer.status_code == 409 and "They move house until spring" in text_of(answer)


def test_what_was_written_comes_back_with_an_error_that_has_no_form(app, signed_in, alice, institute):
    ref, browser = a_listing(institute).ref, signed_in(alice)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = browser.post(
            f"/listings/{ref}/edit", data={"title": "x", "summary": "An hour's work <b>", "csrf_token": "old" * 9}
        )
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400 and "An hour&#39;s work &lt;b&gt;</textarea>" in text_of(answer)
    assert "oldold" not in text_of(answer)
    secret = browser.post("/account/password-of", data={"password": "correct horse", "current": "battery staple"})
    assert "horse" not in text_of(secret) and "staple" not in text_of(secret)


@pytest.fixture
def real(own_database):
    """A need, a result and their people in a database with real commits; their ids and refs."""
    institute, company = (
        an_organisation(n, k) for n, k in (("i", OrganisationKind.INSTITUTE), ("c", OrganisationKind.COMPANY))
    )
    alice, charlie = a_person("alice@i.example"), a_person("charlie@c.example")
    join(alice, institute, Role.ADMIN)
    join(charlie, company, Role.ADMIN)
    brokers = [a_person(f"{n}@broker.example", is_broker=True) for n in ("dana", "frank")]
    need, result = a_listing(company, Kind.NEED), a_listing(institute)
    found = {
        "alice": alice.id,
        "charlie": charlie.id,
        "dana": brokers[0].id,
        "frank": brokers[1].id,
        "need": need.ref,
        "result": result.ref,
    }
    session.remove()
    return found


def who(real, name) -> User:
    return session.get_one(User, real[name])


def test_two_brokers_moving_at_the_same_moment(real):
    charlie = who(real, "charlie")
    ref = service.express_interest(
        charlie, listings.get(charlie, real["need"]), listings.get(charlie, real["result"]), **ANSWERS
    ).ref
    session.remove()
    deeds = [
        lambda name=name: service.move(who(real, name), service.get(who(real, name), ref), "take")
        for name in ("dana", "frank")
    ]
    assert sorted(outcomes(*deeds)) == ["Conflict", "done"]
    assert count(History) == 2 and session.scalars(select(Introduction.broker_id)).one() in (
        real["dana"],
        real["frank"],
    )


def test_interest_sent_by_both_sides_and_twice_at_the_same_moment_is_one(real):
    def express(name):
        actor = who(real, name)
        service.express_interest(
            actor, listings.get(actor, real["need"]), listings.get(actor, real["result"]), **ANSWERS
        )

    deeds = [lambda name=name: express(name) for name in ("alice", "charlie", "alice", "charlie")]
    found = outcomes(*deeds)
    assert set(found) <= {"done", "Conflict"} and "done" in found, found
    assert count(Introduction) == 1
    assert count(Interest) == len(set(session.scalars(select(Interest.side)))) <= 2


def test_two_editors_saving_at_the_same_moment(real):
    alice = who(real, "alice")
    listing = listings.get(alice, real["result"])
    version, before = listing.version, listing.title
    session.remove()

    def change(title):
        actor = who(real, "alice")
        listings.change(actor, listings.get(actor, real["result"]), {"keywords": [title]}, version)

    found = outcomes(lambda: change("one"), lambda: change("two"))
    assert found.count("done") == 1 and set(found) <= {"done", "Conflict", "StaleDataError"}, found
    assert session.scalars(select(Listing.title).where(Listing.ref == real["result"])).one() == before


# One person, twice


def test_submit_clicked_twice(signed_in, alice, institute):
    ref, browser = a_listing(institute, state=State.DRAFT).ref, signed_in(alice)
    codes = [browser.post(f"/listings/{ref}/submit").status_code for _ in range(2)]
    assert codes[0] == 302 and codes[1] in (302, 409)
    assert session.scalars(select(Listing.state)).one() is State.SUBMITTED


def test_publish_clicked_twice(signed_in, erin, institute):
    ref, browser = a_listing(institute, state=State.SUBMITTED).ref, signed_in(erin)
    form = re.findall(r'name="(\w+)" value="(\w*)"', text_of(browser.get(f"/review/{ref}")))
    data = {**dict(form), "decision": "publish"}
    codes = [browser.post(f"/review/{ref}", data=data).status_code for _ in range(2)]
    assert codes[0] == 302 and codes[1] in (302, 404, 409)
    assert session.scalars(select(Listing.state)).one() is State.PUBLISHED


def test_withdraw_clicked_twice(signed_in, alice, institute):
    ref, browser = a_listing(institute).ref, signed_in(alice)
    codes = [browser.post(f"/listings/{ref}/do/withdraw", data={"remark": "sold"}).status_code for _ in range(2)]
    assert codes[0] == 302 and codes[1] in (302, 409)


def test_interest_clicked_twice(signed_in, charlie, alice, need, result):
    address, browser = f"/introductions/new?need={need.ref}&result={result.ref}", signed_in(charlie)
    answers = [browser.post(address, data={"own": need.ref, **ANSWERS}) for _ in range(2)]
    assert [a.status_code for a in answers] == [302, 302] and answers[0].location == answers[1].location
    assert count(Introduction) == 1 and count(Interest) == 1


def test_interest_with_a_new_listing_clicked_twice(signed_in, charlie, result):
    address, browser = f"/introductions/new?listing={result.ref}", signed_in(charlie)
    form = {"own": "new", "new_title": "Cells that cannot burn", **ANSWERS}
    answers = [browser.post(address, data=form) for _ in range(2)]
    assert answers[0].status_code == 302 and answers[1].status_code in (302, 409, 422)
    assert count(Introduction) == 1


@pytest.mark.parametrize("by", ["page", "API"])
def test_move_clicked_twice(signed_in, program, dana, interest, by):
    ref, version = interest.ref, interest.version
    if by == "page":
        browser = signed_in(dana)
        codes = [
            browser.post(f"/introductions/{ref}/moves/take", data={"version": version}).status_code for _ in range(2)
        ]
        assert codes == [302, 302]
    else:
        hers = program(dana)
        body = {"move": "take", "version": version}
        codes = [hers.post(f"/api/v1/introductions/{ref}/moves", json=body).status_code for _ in range(2)]
        assert codes == [200, 200]
    assert count(History) == 2


def test_registration_for_an_event_clicked_twice(signed_in, charlie, erin, company):
    edition, browser = an_edition(erin, a_series(erin)), signed_in(charlie)
    ref = edition.ref
    assert [browser.post(f"/events/{ref}/register").status_code for _ in range(2)] == [302, 302]
    assert count(Registration) == 1
    assert [browser.post(f"/events/{ref}/cancel").status_code for _ in range(2)] == [302, 302]


def test_draft_saved_twice_by_a_program_is_two_drafts_but_submitted_once(program, alice, institute):
    ref, hers = a_listing(institute, state=State.DRAFT).ref, program(alice)
    codes = [hers.post(f"/api/v1/listings/{ref}/submit").status_code for _ in range(2)]
    assert codes[0] == 200 and codes[1] in (200, 409)


# Out of order, and with somebody who is no longer there


def test_move_out_of_order_says_where_it_stands(signed_in, program, dana, interest):
    ref = interest.ref
    for move in ("sign", "meet", "report_outcome", "register", "wake", "reopen"):
        given = {k: v if isinstance(v, (str, bool, list)) else str(v) for k, v in entries(move).items()}
        answer = program(dana).post(f"/api/v1/introductions/{ref}/moves", json={"move": move, **given})
        assert "not possible from stage" in problem_of(answer, 409)["detail"] or "Not yet" in answer.json["detail"]
        assert signed_in(dana).post(f"/introductions/{ref}/moves/{move}", data=given).status_code in (404, 409)


def test_step_without_its_condition_says_what_must_be_true(program, dana, interest):
    his, moves = program(dana), f"/api/v1/introductions/{interest.ref}/moves"
    assert his.post(moves, json={"move": "take"}).status_code == 200
    assert list(problem_of(his.post(moves, json={"move": "qualify"}), 422)["fields"]) == ["checklist"]
    assert list(problem_of(his.post(moves, json={"move": "qualify", "checklist": ["fits"]}), 422)["fields"]) == [
        "checklist"
    ]
    assert his.get(moves.removesuffix("/moves")).json["stage"] == 1


@pytest.mark.parametrize("action", ["publish", "renew", "resume", "request-changes", "approve", "take-back"])
def test_listing_moved_out_of_order_says_so(program, erin, alice, institute, action):
    ref = a_listing(institute, state=State.DRAFT).ref
    for person in (alice, erin):
        answer = program(person).post(f"/api/v1/listings/{ref}/{action}", json={"remark": "x"})
        assert answer.status_code in (403, 404, 409, 422) and (answer.json.get("detail") or answer.json["title"])
    assert session.scalars(select(Listing.state)).one() is State.DRAFT


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.PAUSED, State.EXPIRED, State.MATCHED])
def test_everything_answers_when_the_counterpart_is_gone(
    signed_in, program, alice, charlie, dana, erin, interest, need, result, state
):
    need_ref, result_ref, ref = need.ref, result.ref, interest.ref
    if state is State.WITHDRAWN:
        listings.withdraw(alice, result, "sold")
        service.close_withdrawn([result.id])
    else:
        from marketplace.db import transaction

        with transaction():
            result.state = state
    for person in (alice, charlie, dana, erin):
        browser, theirs = signed_in(person), program(person)
        for path in (
            f"/listings/{need_ref}",
            f"/listings/{need_ref}/matches",
            "/introductions",
            f"/introductions/new?listing={need_ref}",
            "/search?q=electrolyte",
            "/",
            "/mine",
        ):
            assert browser.get(path).status_code in (200, 404), path
        for path in (
            f"/listings/{result_ref}",
            f"/introductions/new?need={need_ref}&result={result_ref}",
            f"/listings/{result_ref}/matches",
        ):
            assert browser.get(path).status_code in (200, 404), path
        for path in (
            f"/listings/{need_ref}/matches",
            "/introductions",
            f"/introductions/{ref}/history",
            f"/introductions/{ref}",
        ):
            assert theirs.get(f"/api/v1{path}").status_code in (200, 404), path
    assert signed_in(charlie).get(f"/introductions/{ref}").status_code == 200
    assert signed_in(charlie).get(f"/listings/{need_ref}/matches").status_code == 200


def test_interest_in_a_withdrawn_listing_is_refused_with_a_reason(program, charlie, alice, need, result):
    need_ref, result_ref = need.ref, result.ref
    listings.withdraw(alice, result, "sold")
    answer = program(charlie).post("/api/v1/introductions", json={"need": need_ref, "result": result_ref, **ANSWERS})
    assert answer.status_code in (404, 409)
    assert count(Introduction) == 0


def test_case_goes_on_though_a_person_has_left(signed_in, program, alice, charlie, dana, interest):
    from marketplace import clock
    from marketplace.db import transaction

    ref = interest.ref
    service.move(dana, interest, "take")
    with transaction():
        charlie.disabled_at = clock.now()
        dana.disabled_at = clock.now()
    assert signed_in(alice).get(f"/introductions/{ref}").status_code == 200
    assert program(alice).get(f"/api/v1/introductions/{ref}").status_code == 200
    with pytest.raises(Conflict):
        service.move(alice, service.get(alice, ref), "meet", **entries("meet"))
    assert service.get(alice, ref).stage is Stage.INTEREST
