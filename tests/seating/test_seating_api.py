"""Seating over JSON."""

from seating.seated import a_match, anew, come, crowd, seat_all, work

from marketplace.seating import service

pytest_plugins = ["seating.seating_cast"]


def test_operator_has_people_seated_moves_one_and_publishes(program, erin, friday):
    one, other = a_match(friday)
    crowd(friday, 10)
    api, url = program(erin), f"/api/v1/events/{friday.ref}/seating"
    assert api.get(url).json == {"rounds": []}
    asked = api.post(url, json={"seats": 6})
    assert asked.status_code == 202 and asked.json["rounds"][0]["work"] == "asked"
    work(*service.plans(erin, friday))
    [plan] = api.get(url).json["rounds"]
    assert plan["work"] == "none" and plan["value"] <= plan["bound"]
    people = {who["registration"]: (table["number"], who) for table in plan["tables"] for who in table["people"]}
    number, who = people[one.id]
    assert who["reasons"][0]["need"].startswith("N-") and who["reasons"][0]["score"] > 60
    there = next(key for key, (table, _) in people.items() if table != number)
    move = {"registration": one.id, "to": f"{people[there][0]}-{there}", "version": plan["version"]}
    moved = api.post(f"{url}/1/moves", json=move)
    assert moved.status_code == 200 and moved.json["value"] < plan["value"]
    stale = api.post(f"{url}/1/moves", json={"registration": other.id, "to": "0", "version": plan["version"]})
    assert stale.status_code == 409
    assert api.post(f"{url}/publish").json["rounds"][0]["state"] == "published"
    mine = program(anew(one).user).get(f"/api/v1/events/{friday.ref}/table").json["rounds"][0]
    assert mine["number"] == people[there][0] and len(mine["mates"]) == 5


def test_what_is_wrong_is_said_by_field(program, erin, friday):
    crowd(friday, 9)
    answer = program(erin).post(f"/api/v1/events/{friday.ref}/seating", json={"seats": 4, "tables": 2})
    assert answer.status_code == 422 and "tables" in answer.json["fields"]


def test_others_are_refused(program, charlie, friday):
    url = f"/api/v1/events/{friday.ref}"
    for answer in (program(charlie).get(f"{url}/seating"), program(charlie).post(f"{url}/seating", json={}),
                   program(charlie).post(f"{url}/seating/publish")):
        assert answer.status_code == 403
    assert program(charlie).get(f"{url}/notes").status_code == 404
    assert program().get(f"{url}/table").status_code == 401


def test_host_notes_once_over_the_api(program, erin, charlie, friday):
    come(friday, charlie)
    crowd(friday, 3)
    seat_all(erin, friday)
    service.publish(erin, friday)
    api, url = program(charlie), f"/api/v1/events/{friday.ref}/notes"
    sent = {"table": 1, "text": "They meet on Monday.", "once": "0123456789"}
    assert api.post(url, json=sent).status_code == 201
    assert api.post(url, json=sent).status_code == 201
    [note] = api.get(url).json["items"]
    assert (note["text"], note["author"], note["kind"]) == ("They meet on Monday.", "Charlie", "said")
