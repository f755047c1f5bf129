"""The broker's day over JSON."""

import pytest

from marketplace.introductions import service
from marketplace.introductions.models import Stage

pytest_plugins = ["introductions.case_cast"]
ROOT = "/api/v1"


@pytest.mark.parametrize("path", ["/desk", "/board", "/cases", "/brokers/workload"])
def test_members_get_404(program, charlie, path):
    assert program(charlie).get(ROOT + path).status_code == 404


def test_member_hands_nothing_on(program, charlie, frank, interest):
    given = {"refs": [interest.ref], "broker": frank.email}
    assert program(charlie).post(f"{ROOT}/introductions/hand-on", json=given).status_code == 404


def test_desk_says_what_waits_and_which_case_is_next(program, dana, interest):
    told = program(dana).get(f"{ROOT}/desk").json
    piles = {pile["name"]: pile for pile in told["piles"]}
    assert told["next"] == interest.ref
    assert [case["ref"] for case in piles["to_take"]["items"]] == [interest.ref]
    assert piles["to_take"]["items"][0]["need"]["ref"] == interest.need.ref


def test_board_and_cases_take_the_same_filters(program, dana, interest):
    client, ref = program(dana), interest.ref
    for wanted, query in (([ref], "broker=none&stage=1"), ([], "broker=me")):
        columns = client.get(f"{ROOT}/board?{query}").json["columns"]
        assert [case["ref"] for column in columns for case in column["items"]] == wanted
        found = client.get(f"{ROOT}/cases?{query}&size=5").json
        assert ([case["ref"] for case in found["items"]], found["total"], found["size"]) == (wanted, len(wanted), 5)


def test_impossible_filters_are_named(program, dana):
    answer = program(dana).get(f"{ROOT}/board?stage=9&owes=me&since=soon")
    assert (answer.status_code, set(answer.json["fields"])) == (422, {"stage", "owes", "since"})


def test_several_are_handed_on_and_each_answers_for_itself(program, erin, frank, interest):
    given = {"refs": [interest.ref, "I-1999-000001"], "broker": frank.email}
    told = program(erin).post(f"{ROOT}/introductions/hand-on", json=given).json["items"]
    assert [(one["ref"], one["problem"] is None) for one in told] == [(interest.ref, True), ("I-1999-000001", False)]


def test_workload_is_told(program, erin, dana, interest):
    service.move(dana, interest, "take")
    found = {one["name"]: one for one in program(erin).get(f"{ROOT}/brokers/workload").json["items"]}
    assert (found["Dana"]["open"], found["Dana"]["groups"]["triage"], found["Dana"]["is_here"]) == (1, 1, True)


def test_moves_say_what_is_possible_and_what_is_missing(program, dana, charlie, brought_to):
    case = brought_to(Stage.QUALIFIED)
    service.move(charlie, case, "consent")
    ref = case.ref
    moves = {move["move"]: move for move in program(dana).get(f"{ROOT}/introductions/{ref}").json["moves"]}
    assert (moves["back"]["possible"], moves["back"]["missing"]) == (True, [])
    assert moves["introduce"]["possible"] is False
    assert moves["introduce"]["missing"] == ["both sides have consented – still missing: Result side"]
    refused = program(dana).post(f"{ROOT}/introductions/{ref}/moves", json={"move": "introduce"})
    assert refused.status_code == 409 and "still missing: Result side" in str(refused.json)


def test_what_is_done_already_is_not_missing(program, charlie, brought_to):
    case = brought_to(Stage.QUALIFIED)
    service.move(charlie, case, "consent")
    moves = program(charlie).get(f"{ROOT}/introductions/{case.ref}").json["moves"]
    assert "consent" not in {move["move"] for move in moves}
