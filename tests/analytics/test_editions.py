"""What events bring, in figures: what came twice is counted once, and no small number is told to everybody."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from conftest import a_listing, a_person, an_organisation, join
from events.planned import an_edition
from introductions.case_entries import entries
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from marketplace import clock
from marketplace.analytics import editions, publishing, walls
from marketplace.analytics.asking import Question
from marketplace.analytics.editions import Held, Project, Whole
from marketplace.db import session, transaction
from marketplace.errors import Forbidden
from marketplace.events import attending
from marketplace.events.models import State as EditionState
from marketplace.introductions import from_tables
from marketplace.introductions import service as introductions
from marketplace.introductions.models import Introduction
from marketplace.listings.models import Kind
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.ratings import service as ratings
from marketplace.ratings.models import Mutual, Verdict
from marketplace.ratings.service import Said

pytest_plugins = ["ratings.at_tables"]
POSSIBLE, INFORMATIVE, NOT_HELD = (Said(verdict) for verdict in (Verdict.POSSIBLE, Verdict.INFORMATIVE,
                                                                 Verdict.NOT_HELD))


def say_of(evening, person, other, said):
    ratings.rate(evening.of(person), evening.edition, {evening.of(other).id: said})


@pytest.fixture
def discussed(evening, institute, company, alice, charlie, grace):
    """Alice and Charlie both see a cooperation; Alice and Grace did not talk; Grace found Charlie informative."""
    a_listing(institute)
    a_listing(company, Kind.NEED)
    say_of(evening, alice, charlie, POSSIBLE)
    say_of(evening, charlie, alice, POSSIBLE)
    say_of(evening, alice, grace, NOT_HELD)
    say_of(evening, grace, charlie, INFORMATIVE)
    from_tables.open_or_advance(list(session.scalars(select(Mutual.id))))
    return evening


def series_of(evening):
    return editions.of_series(evening.edition.series, Question())


def brought_to_contract(case, dana, alice, charlie):
    for person, name in ((dana, "take"), (dana, "qualify"), (charlie, "consent"), (alice, "consent"), (alice, "meet"),
                         (dana, "intent"), (dana, "sign")):
        introductions.move(person, case, name, **entries(name))


def another_edition(evening, erin, *people):
    evening.at(evening.edition.ends_at + timedelta(days=3))
    edition = an_edition(erin, evening.edition.series, days=0, title_zh="科企见面：二", title_en="The second")
    for person in people:
        attending.register(person, edition)
    evening.at(edition.starts_at)
    for person in people:
        attending.check_in(erin, edition, attending.of(person, edition).id)
    evening.at(edition.ends_at + timedelta(hours=2))
    return edition


def test_an_edition_is_counted(discussed):
    [held] = series_of(discussed).held
    assert (held.registered, held.came, held.no_shows) == (4, 3, 1)
    assert (len(held.organisations), held.new) == (3, 3)
    assert (held.raters, held.talks, held.intents) == (3, 2, 1)
    assert (len(held.projects), held.signed) == (1, 0)


def test_a_contract_is_a_project_with_its_amount(discussed, dana, alice, charlie):
    brought_to_contract(session.scalars(select(Introduction)).one(), dana, alice, charlie)
    whole = series_of(discussed)
    assert whole.signed == 1
    assert {currency: int(amount) for currency, amount in whole.amounts.items()} == {"CNY": 800_000}
    assert whole.undisclosed == 0


def test_who_comes_twice_is_one_organisation_of_the_series(discussed, erin, alice, charlie, bob):
    another_edition(discussed, erin, alice, charlie)
    whole = series_of(discussed)
    assert [len(one.organisations) for one in whole.held] == [3, 2]
    assert [one.new for one in whole.held] == [3, 0]
    assert whole.organisations == 3
    assert whole.total("came") == 5
    assert whole.kinds == {OrganisationKind.COMPANY: 2, OrganisationKind.INSTITUTE: 1}


def test_a_case_that_two_editions_moved_is_one_project(discussed, erin, alice, charlie):
    case = session.scalars(select(Introduction)).one()
    second = another_edition(discussed, erin, alice, charlie)
    one, two = sorted(attending.of(person, second).id for person in (alice, charlie))
    with transaction():
        session.add(Mutual(edition_id=second.id, one_id=one, other_id=two, effective_at=clock.now(), at=clock.now(),
                           introduction_ref=case.ref))
    whole = series_of(discussed)
    assert [len(one.projects) for one in whole.held] == [1, 1]
    assert len(whole.projects) == 1


def test_where_nobody_was_checked_in_everybody_with_a_place_came(evening, erin, alice, charlie):
    evening.at(evening.edition.starts_at)
    for person in (alice, charlie):
        attending.undo_check_in(erin, evening.edition, evening.of(person).id)
    with transaction():
        for one in attending.present(evening.edition):
            one.state, one.attended_at = "registered", None
    evening.at(evening.edition.ends_at + timedelta(hours=2))
    [held] = series_of(evening).held
    assert (held.came, held.no_shows, len(held.organisations)) == (4, 0, 3)


def test_an_edition_that_has_not_begun_is_not_counted(evening):
    evening.at(evening.edition.starts_at - timedelta(hours=1))
    assert series_of(evening).held == []


def test_an_edition_to_come_has_gathered_nobody(evening, erin):
    evening.at(evening.edition.starts_at - timedelta(days=1))
    for person in (one.user for one in attending.present(evening.edition)):
        attending.undo_check_in(erin, evening.edition, evening.of(person).id)
    held, _ = editions.of_edition(erin, evening.edition)
    assert (held.registered, held.came, held.no_shows, len(held.organisations), held.new) == (4, 0, 0, 0, 0)


def test_a_cancelled_edition_has_gathered_nobody(evening, erin):
    for person in (one.user for one in attending.present(evening.edition)):
        attending.undo_check_in(erin, evening.edition, evening.of(person).id)
    with transaction():
        evening.edition.state = EditionState.CANCELLED
    held, _ = editions.of_edition(erin, evening.edition)
    assert (held.came, held.no_shows, len(held.organisations)) == (0, 0, 0)


def test_who_came_before_the_period_is_not_there_for_the_first_time(discussed, erin, alice, bob):
    second = another_edition(discussed, erin, alice)
    for [held] in (editions.of_series(second.series, Question(since=second.starts_at)).held,
                   [editions.of_edition(erin, second)[0]]):
        assert (len(held.organisations), held.new) == (1, 0)


def test_of_a_period_only_its_editions_count(discussed, erin, alice):
    second = another_edition(discussed, erin, alice)
    whole = editions.of_series(second.series, Question(since=second.starts_at))
    assert [one.edition for one in whole.held] == [second]


def test_more_editions_take_no_more_queries(discussed, erin, alice, charlie, count_queries):
    series_of(discussed)
    with count_queries() as one:
        series_of(discussed)
    for _ in range(3):
        another_edition(discussed, erin, alice, charlie)
    session.expire_all()
    series_of(discussed)
    with count_queries() as four:
        assert len(series_of(discussed).held) == 4
    assert four.count <= one.count


def test_the_report_names_pairs_and_the_case_that_follows(discussed, signed_in, dana):
    page = signed_in(dana).get(f"{discussed.edition.url}/report").text
    ref = session.scalars(select(Introduction.ref)).one()
    assert "Alice" in page
    assert "Charlie" in page
    assert f'href="/introductions/{ref}"' in page


def test_a_pair_without_a_case_is_shown_as_waiting(evening, signed_in, erin, alice, charlie):
    say_of(evening, alice, charlie, POSSIBLE)
    say_of(evening, charlie, alice, POSSIBLE)
    assert "one side has no need or result" in signed_in(erin).get(f"{evening.edition.url}/report").text


def test_reports_are_for_staff(discussed, signed_in, alice, client):
    series = discussed.edition.series
    for address in (f"{discussed.edition.url}/report", f"{series.url}/report", f"{series.url}/report.csv",
                    f"{discussed.edition.url}/report.xlsx"):
        assert signed_in(alice).get(address).status_code == 403
    with pytest.raises(Forbidden):
        editions.of_edition(alice, discussed.edition)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_report_and_wall_are_read_in_both_languages(discussed, signed_in, erin, language):
    series = discussed.edition.series
    for address in (f"{discussed.edition.url}/report", f"{series.url}/report", f"{series.url}/wall"):
        page = signed_in(erin).get(f"{address}?lang={language}")
        assert page.status_code == 200
        assert ("organisations gathered" if language == "en" else "参与机构") in page.text


def test_the_workbook_says_what_the_page_says(discussed, signed_in, erin):
    answer = signed_in(erin).get(f"{discussed.edition.series.url}/report.xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    rows = book.get_sheet_by_name("Editions").to_python()
    edition = dict(zip(rows[0], rows[1], strict=True))
    assert edition["Event"] == "Injectable processes"
    assert (edition["Came"], edition["No-shows"], edition["Talks"], edition["Intents"]) == (3, 1, 2, 1)


def test_the_table_says_it_too(discussed, signed_in, erin):
    answer = signed_in(erin).get(f"{discussed.edition.url}/report.csv")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert ["Summary", "Organisations", "Value", "3"] in rows
    assert ["Editions", "Injectable processes", "Came", "3"] in rows


def test_no_other_file_is_made(discussed, signed_in, erin):
    assert signed_in(erin).get(f"{discussed.edition.url}/report.pdf").status_code == 404


def test_the_wall_is_closed_until_figures_are_public(discussed, client, erin, signed_in):
    wall = f"{discussed.edition.series.url}/wall"
    assert client.get(wall).status_code == 404
    assert signed_in(erin).get(wall).status_code == 200


def test_everybody_reads_no_small_number(discussed, client, erin):
    publishing.set_public(erin, True)
    page = client.get(f"{discussed.edition.series.url}/wall")
    assert page.status_code == 200
    for words in ("organisations gathered", "people came", "intents to cooperate", "projects concluded"):
        assert words not in page.text


def six_more_come(evening, erin):
    people = []
    for number in range(6):
        people.append(a_person(f"g{number}@guest.example"))
        join(people[-1], an_organisation(f"guest-{number}", OrganisationKind.COMPANY))
    another_edition(evening, erin, *people)
    publishing.set_public(erin, True)


def test_everybody_reads_large_ones(evening, client, erin):
    six_more_come(evening, erin)
    page = client.get(f"{evening.edition.series.url}/wall").text
    assert "organisations gathered" in page
    assert "guest-0" not in page


def test_everybody_reads_the_whole_series_and_no_part_that_could_be_subtracted(evening, client, erin, signed_in):
    six_more_come(evening, erin)
    before = f"{evening.edition.series.url}/wall?from=2000-01&to=2000-12"
    assert "organisations gathered" in client.get(before).text
    assert "organisations gathered" not in signed_in(erin).get(before).text


def test_everybody_reads_no_sum_that_tells_the_amount_of_one_contract(evening):
    def signed(number, amount, currency="CNY"):
        return Project(number, True, amount and Decimal(amount), currency)

    def told(*projects):
        return walls.told_amounts(Whole([Held(evening.edition, projects=projects)]))

    six = [signed(number, 10) for number in range(6)]
    assert told(*six, signed(7, 99, "USD")) == {"CNY": 60}
    assert told(signed(1, 10), *(signed(number, None) for number in range(2, 8))) == {}


def test_the_way_to_the_wall_holds_whatever_the_series_is_called(evening, signed_in, erin):
    with transaction():
        evening.edition.series.slug = "reports"
    page = signed_in(erin).get("/events/series/reports/report?months=3").text
    for ending in ("wall", "report.csv", "report.xlsx"):
        assert f'href="/events/series/reports/{ending}?months=3"' in page


def test_a_series_without_an_edition_says_so(evening, signed_in, erin):
    evening.at(evening.edition.starts_at - timedelta(hours=1))
    series = evening.edition.series
    for address in (f"{series.url}/report", f"{series.url}/wall"):
        assert "No edition has taken place in this period" in signed_in(erin).get(address).text


def test_a_month_that_is_none_is_named(evening, signed_in, erin):
    answer = signed_in(erin).get(f"{evening.edition.series.url}/report?from=soon")
    assert answer.status_code == 422
    assert "“soon” is neither a month nor a day" in answer.text
