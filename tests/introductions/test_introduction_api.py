"""Introductions over JSON."""

from case_entries import ANSWERS, entries

from marketplace.introductions import service
from marketplace.introductions.models import Stage

pytest_plugins = ["introductions.case_cast"]
ROOT = "/api/v1/introductions"


def as_json(given):
    plain = (str, list, bool, int)
    return {name: value if isinstance(value, plain) else str(value) for name, value in given.items()}


def test_stranger_gets_404_everywhere(program, mallory, interest):
    client, ref = program(mallory), interest.ref
    assert client.get(f"{ROOT}/{ref}").status_code == 404
    assert client.get(f"{ROOT}/{ref}/history").status_code == 404
    assert client.post(f"{ROOT}/{ref}/moves", json={"move": "take"}).status_code == 404
    assert client.get(ROOT).json == {"items": [], "total": 0, "page": 1, "size": 20}


def test_nobody_without_a_token(client, interest):
    for method, address in (("GET", ROOT), ("POST", ROOT), ("GET", f"{ROOT}/{interest.ref}"),
                            ("POST", f"{ROOT}/{interest.ref}/moves"), ("GET", f"{ROOT}/{interest.ref}/history")):
        assert client.open(address, method=method, json={}).status_code == 401, address


def test_program_expresses_interest_and_reads_what_it_may_do(program, charlie, need, result):
    answer = program(charlie).post(ROOT, json={"need": need.ref, "result": result.ref, **ANSWERS})
    assert answer.status_code == 201
    assert (answer.json["stage"], answer.json["status"], answer.json["need"]["interest"]) == (1, "active", ANSWERS)
    assert {(m["move"], m["reason"]) for m in answer.json["moves"]} == {("close", "withdrawn")}
    asked = {entry["name"]: entry for entry in answer.json["moves"][0]["inputs"]}
    assert asked["reason_code"]["required"] is True
    assert "too_early" in asked["reason_code"]["choices"]


def test_missing_answers_are_named(program, charlie, need, result):
    answer = program(charlie).post(ROOT, json={"need": need.ref, "result": result.ref, "unclear": "What?"})
    assert answer.status_code == 422
    assert set(answer.json["fields"]) == {"cooperation_sought", "about_us"}


def test_unknown_listing_is_404(program, charlie, need):
    answer = program(charlie).post(ROOT, json={"need": need.ref, "result": "R-1999-000001", **ANSWERS})
    assert answer.status_code == 404


def test_broker_suggests_with_the_same_call(program, dana, need, result):
    answer = program(dana).post(ROOT, json={"need": need.ref, "result": result.ref, "origin": "broker"})
    assert (answer.status_code, answer.json["stage"], answer.json["origin"]) == (201, 0, "broker")


def test_whole_pipeline_over_json(program, interest, alice, charlie, dana):
    ref = interest.ref
    way = [(dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent"), (alice, "meet"),
           (dana, "intent"), (dana, "record_contract"), (alice, "confirm_contract"), (charlie, "confirm_contract"),
           (dana, "waive"), (dana, "report_outcome"), (alice, "confirm_outcome"), (charlie, "confirm_outcome")]
    clients = {person: program(person) for person in (alice, charlie, dana)}
    for person, name in way:
        answer = clients[person].post(f"{ROOT}/{ref}/moves", json={"move": name, **as_json(entries(name))})
        assert answer.status_code == 200, answer.json
    answer = clients[dana].post(f"{ROOT}/{ref}/moves", json={"move": "close", "reason": "completed"})
    assert (answer.json["stage"], answer.json["status"], answer.json["close_reason"]) == (8, "closed", "completed")
    rows = clients[alice].get(f"{ROOT}/{ref}/history").json["items"]
    assert [row["to_stage"] for row in rows if row["from_stage"] != row["to_stage"]] == list(range(1, 9))
    assert rows[0]["from_stage"] is None
    assert {"effective_at", "recorded_at", "actor"} <= set(rows[0])


def test_wrong_moves_say_what_is_wrong(program, dana, charlie, interest):
    moves = f"{ROOT}/{interest.ref}/moves"
    broker, side = program(dana), program(charlie)
    assert broker.post(moves, json={"move": "teleport"}).status_code == 422
    assert broker.post(moves, json={}).json["fields"].keys() == {"move"}
    assert broker.post(moves, json={"move": "close"}).json["fields"].keys() == {"reason"}
    assert broker.post(moves, json={"move": "sign", **as_json(entries("sign"))}).status_code == 409
    assert side.post(moves, json={"move": "qualify"}).status_code == 403
    assert broker.post(moves, json={"move": "take", "surprise": 1}).json["fields"].keys() == {"surprise"}
    assert broker.post(moves, json={"move": "take", "effective_at": "soon"}).json["fields"].keys() == {"effective_at"}


def test_stale_version_is_refused(program, dana, frank, interest):
    moves = f"{ROOT}/{interest.ref}/moves"
    assert program(dana).post(moves, json={"move": "take", "version": 1}).status_code == 200
    assert program(frank).post(moves, json={"move": "take", "version": 1}).status_code == 409


def test_one_introduction_has_an_etag(program, charlie, interest):
    client = program(charlie)
    tag = client.get(f"{ROOT}/{interest.ref}").headers["ETag"]
    assert client.get(f"{ROOT}/{interest.ref}", headers={"If-None-Match": tag}).status_code == 304


def test_contacts_are_released_by_consent(program, alice, charlie, brought_to):
    client = program(alice)
    ref = brought_to(Stage.QUALIFIED).ref
    assert client.get(f"{ROOT}/{ref}").json["need"]["contacts"] == []
    brought_to(Stage.INTRODUCED)
    assert client.get(f"{ROOT}/{ref}").json["need"]["contacts"][0]["email"] == "charlie@company.example"


def test_list_is_filtered(program, charlie, dana, interest):
    client = program(charlie)
    assert client.get(ROOT, query_string={"status": "active", "stage": 1}).json["total"] == 1
    assert client.get(ROOT, query_string={"stage": 4}).json["total"] == 0
    assert client.get(ROOT, query_string={"stage": 44}).status_code == 422
    assert service.mine(dana)[1] == 1
