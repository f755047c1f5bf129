"""A broker who belongs to a side is a party there, and names stay out of reasons until they are released."""

from __future__ import annotations

import io

import pytest
from conftest import join
from introductions.case_entries import ANSWERS, entries

from marketplace.casework import reading_log
from marketplace.db import session, transaction
from marketplace.introductions import agreeing, service
from marketplace.introductions.models import Side, Stage
from marketplace.introductions.reading import answers_of, note_of, read, reason_of
from marketplace.organisations.models import Role

pytest_plugins = ["introductions.case_cast"]


@pytest.fixture
def party(frank, company):
    """A broker who is an editor of the need's company, too."""
    join(frank, company, Role.EDITOR)
    return frank


def test_broker_of_a_side_does_not_meet_the_other_sides_people_before_both_consent(brought_to, alice, party, dana):
    case = brought_to(Stage.QUALIFIED)
    service.move(alice, case, "consent")
    assert read(party, case).result.people == () and read(dana, case).result.people != ()
    given = agreeing.consents(party, case)
    assert [one.person for one in given] == [None]


def test_broker_of_a_side_reads_the_other_sides_answers_when_the_side_does(alice, party, need, result, dana):
    case = service.express_interest(alice, need, result, **ANSWERS)
    assert answers_of(party, case, Side.RESULT) is None and answers_of(dana, case, Side.RESULT) is not None


def test_broker_of_a_side_reads_no_note_that_the_side_may_not(brought_to, dana, party):
    case = brought_to(Stage.QUALIFIED)
    service.move(dana, case, "back", note="Alice of the institute hesitates.")
    row = service.history(dana, case)[-1]
    assert note_of(dana, case, row) and note_of(party, case, row) is None


@pytest.fixture
def declined(interest, need, charlie, dana, alice, company):
    with transaction():
        need.anonymous, company.name_en = True, "Brightcell Storage"
    service.move(dana, interest, "take")
    note = "Brightcell Storage has something like it, Charlie says."
    service.move(charlie, interest, "close", reason="withdrawn", reason_code="already_have_solution", note=note)
    return interest


def test_a_reason_goes_to_the_other_side_without_names(declined, alice, charlie, dana, signed_in):
    row = service.history(alice, declined)[-1]
    for told in (note_of(alice, declined, row), reason_of(alice, declined)):
        assert "something like it" in told and "Brightcell" not in told and "Charlie" not in told
    for person in (charlie, dana):
        assert "Brightcell" in note_of(person, declined, row) and "Brightcell" in reason_of(person, declined)
    browser, ref = signed_in(alice), declined.ref
    for path in (f"/api/v1/introductions/{ref}", f"/api/v1/introductions/{ref}/history", f"/introductions/{ref}"):
        said = browser.get(path).get_data(as_text=True)
        assert "something like it" in said and "Brightcell" not in said


def test_the_file_name_of_the_other_sides_signed_copy_is_not_in_ones_log(brought_to, alice, charlie, dana, need):
    case = brought_to(Stage.QUALIFIED)
    with transaction():
        need.anonymous = True
    copy = agreeing.send_copy(charlie, case, "brightcell-nda.pdf", io.BytesIO(b"%PDF-1.7 x"))
    agreeing.open_copy(dana, case, copy.id)
    session.flush()

    def log(person) -> str:
        return str([one.what for one in reading_log.of_case(person, case)[0]])

    assert "brightcell" not in log(alice) and "brightcell" in log(charlie)


def test_an_answer_gives_no_address_away_before_both_consent(need, result, charlie, alice, dana):
    about = "Ask Charlie at charlie@company.example or 138 0013 8000."
    case = service.express_interest(charlie, need, result, **{**ANSWERS, "about_us": about})
    for name in ("take", "qualify"):
        service.move(dana, case, name, **entries(name))
    told = answers_of(alice, case, Side.NEED)["about_us"]
    assert "charlie@" not in told and "138" not in told  # also where a sentence ends with it
    assert answers_of(dana, case, Side.NEED)["about_us"] == about
    for person in (charlie, alice):
        service.move(person, case, "consent")
    assert answers_of(alice, case, Side.NEED)["about_us"] == about
