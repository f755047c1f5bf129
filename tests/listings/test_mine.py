"""My organisation's listings: what needs me, mine alone, and not slower when they are many."""


import pytest
from conftest import NEED, a_listing
from sqlalchemy import event, select

from marketplace.db import session, transaction
from marketplace.listings import service
from marketplace.listings.models import Kind, Listing, State


class Counter:
    def __init__(self, database):
        self.database, self.statements = database, []

    def __enter__(self):
        event.listen(self.database, "before_cursor_execute", self.note)
        return self

    def note(self, _connection, _cursor, statement, *_):
        if statement.lstrip().upper().startswith("SELECT"):
            self.statements.append(statement)

    def __exit__(self, *_):
        event.remove(self.database, "before_cursor_execute", self.note)


# Reading

def test_my_listings_show_what_needs_me_first(signed_in, alice, institute):
    a_listing(institute, title="Fine as it is")
    a_listing(institute, state=State.CHANGES_REQUESTED, title="Needs a word", remark="Numbers, please.")
    page = signed_in(alice).get("/mine").text
    assert page.index("Needs a word") < page.index("Fine as it is") and "Numbers, please." in page


def test_my_listings_are_mine_alone(signed_in, charlie, institute):
    listing = a_listing(institute)
    assert listing.ref not in signed_in(charlie).get("/mine").text


def test_my_listings_are_narrowed(signed_in, alice, institute):
    a_listing(institute, title="A published one")
    a_listing(institute, state=State.DRAFT, title="A quiet draft")
    a_listing(institute, Kind.NEED, title="A need of ours", details=NEED["details"])
    browser = signed_in(alice)
    drafts = browser.get("/mine?state=draft").text
    assert "A quiet draft" in drafts and "A published one" not in drafts
    assert "A published one" not in browser.get("/mine?kind=need").text
    assert "A quiet draft" in browser.get("/mine?q=quiet&state=nonsense").text
    assert browser.get("/mine?q=%25%27%22%00&organisation=%00&kind=zz&page=-1").status_code == 200


@pytest.mark.parametrize("path", ["/mine", "/review"])
def test_long_list_asks_no_more_questions_than_a_short_one(signed_in, database, alice, erin, institute, path):
    who = alice if path == "/mine" else erin
    waiting = [a_listing(institute, state=State.SUBMITTED) for _ in range(17)]
    for listing in waiting:
        service.set_translation(alice, listing, "zh", {"title": "阻燃电解液"})
    changed = a_listing(institute)
    service.change(alice, changed, {"title": "Other"}, None)
    refs = [listing.ref for listing in waiting]
    browser = signed_in(who)

    def questions():
        with Counter(database) as counter:
            assert browser.get(path).status_code == 200
        return len(counter.statements)

    many = questions()
    for ref in refs[1:]:
        with transaction():
            session.delete(session.scalars(select(Listing).where(Listing.ref == ref)).one())
    assert many <= questions() + 1 and many < 40
