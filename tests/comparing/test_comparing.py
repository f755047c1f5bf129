"""A need's owner judges the answers, shortlists, and says no to the rest; suppliers learn why and never who."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from conftest import a_listing, a_person, an_organisation, join
from introductions.case_entries import ANSWERS, entries
from sqlalchemy import select

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.comparing import service
from marketplace.comparing.models import Criterion, Score, Star
from marketplace.comparing.permissions import can_compare, can_judge
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.introductions import service as introductions
from marketplace.introductions.mending import mending
from marketplace.introductions.models import CloseReason, Introduction, Origin, ReasonCode, Status
from marketplace.listings.models import Kind, Listing
from marketplace.messaging.models import Notice
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import Role
from marketplace.refs import RefCounter

TWO = [{"name": "Fit", "weight": 5, "direction": "5: meets all"}, {"name": "Cost", "weight": 2, "direction": ""}]


@pytest.fixture
def need(company) -> Listing:
    return a_listing(company, Kind.NEED)


@pytest.fixture
def victor(company) -> User:
    person = a_person("victor@company.example")
    join(person, company, Role.VIEWER)
    return person


@pytest.fixture
def carol(company) -> User:
    person = a_person("carol@company.example")
    join(person, company, Role.EDITOR)
    return person


@pytest.fixture
def frank() -> User:
    return a_person("frank@broker.example", is_broker=True)


@pytest.fixture
def suppliers(institute, alice) -> list[User]:
    """Alice, and the people of two more institutes."""
    more = []
    for name in ("north", "south"):
        person = a_person(f"{name}@supplier.example")
        join(person, an_organisation(name, OrganisationKind.INSTITUTE))
        more.append(person)
    return [alice, *more]


def organisation_of(person: User):
    return person.memberships[0].organisation


@pytest.fixture
def cases(need, suppliers, dana) -> list[Introduction]:
    """Three answers, one of each supplier; Dana runs the first."""
    found = [
        introductions.express_interest(
            person, need, a_listing(organisation_of(person), title=f"Answer of {person.name}"), **ANSWERS)
        for person in suppliers
    ]
    introductions.move(dana, found[0], "take")
    return found


def criteria_of(need: Listing) -> list[Criterion]:
    return list(session.scalars(select(Criterion).where(Criterion.removed_at.is_(None)).order_by(Criterion.position)))


def heard(person: User) -> list[str]:
    return [f"{n.msgid} {n.values}" for n in session.scalars(select(Notice).where(Notice.user_id == person.id))]


def test_who_may_compare_and_who_may_judge(need, cases, charlie, carol, victor, dana, frank, erin, suppliers):
    everybody = (charlie, carol, victor, dana, frank, erin, *suppliers)
    sees = {person.email: can_compare(person, need) for person in everybody}
    assert [email for email, may in sees.items() if may] == [
        "charlie@company.example", "carol@company.example", "victor@company.example", "dana@broker.example",
        "erin@operator.example",
    ]
    assert [person for person in everybody if can_judge(person, need)] == [charlie, carol]
    assert not can_compare(None, need)


def test_staff_of_a_supplier_never_see_it(need, cases, erin, dana, suppliers):
    for person in (erin, dana):
        join(person, organisation_of(suppliers[1]))
        with pytest.raises(NotFound):
            service.need_of(person, need.ref)


def test_a_result_has_no_comparison(alice, institute):
    with pytest.raises(NotFound):
        service.need_of(alice, a_listing(institute).ref)


def test_all_answers_are_there_with_what_may_be_known(need, cases, charlie):
    board = service.compare(charlie, need)
    assert board.counts == {"open": 3, "starred": 0, "all": 3}
    first = next(one for one in board.answers if one.introduction is cases[0])
    assert first.in_language("en").title == "Answer of Alice" and first.fields["trl"] == 6
    assert first.match is not None and first.match.reasons
    assert first.offered == {}, "before a broker has looked at it, the three answers are the broker's alone"


def test_an_anonymous_supplier_stays_so(need, charlie, suppliers):
    hidden = a_listing(organisation_of(suppliers[1]), anonymous=True, title="North's secret")
    introductions.express_interest(suppliers[1], need, hidden, **ANSWERS)
    answer = service.compare(charlie, need).answers[0]
    assert answer.organisation is None and "orth" not in answer.in_language("en").title


def test_criteria_are_set_changed_put_aside_and_come_back_with_their_points(need, cases, charlie):
    comparison = service.set_criteria(charlie, need, TWO, 0)
    fit, cost = comparison.criteria
    service.score(charlie, cases[0], {cost.id: ("4", "cheap")})
    kept = [{"id": fit.id, "name": "Fit to our line", "weight": "4", "direction": ""}]
    comparison = service.set_criteria(charlie, need, kept, comparison.version)
    assert [(one.name, one.weight) for one in comparison.criteria] == [("Fit to our line", 4)]
    again = [*kept, {"name": "Cost", "weight": 1}]
    comparison = service.set_criteria(charlie, need, again, comparison.version)
    assert [one.id for one in comparison.criteria] == [fit.id, cost.id]
    assert session.scalars(select(Score.points)).all() == [4]


def test_two_criteria_exchange_their_names(need, charlie):
    fit, cost = service.set_criteria(charlie, need, TWO).criteria
    rows = [{"id": fit.id, "name": "Cost", "weight": 1}, {"id": cost.id, "name": "Fit", "weight": 1}]
    assert [one.name for one in service.set_criteria(charlie, need, rows).criteria] == ["Cost", "Fit"]


def test_of_two_who_change_the_criteria_the_second_is_told(need, charlie, carol):
    service.set_criteria(charlie, need, TWO, 0)
    with pytest.raises(Conflict):
        service.set_criteria(carol, need, TWO[:1], 0)


def test_bad_criteria_name_the_row_and_the_remedy(need, charlie):
    rows = [{"name": "x" * 101, "weight": 3}, {"name": "", "direction": "why"}, {"name": "Cost", "weight": "9"},
            {"name": "Cost", "weight": 2}]
    with pytest.raises(Invalid) as wrong:
        service.set_criteria(charlie, need, rows)
    assert set(wrong.value.fields) == {
        "criteria.0.name", "criteria.1.name", "criteria.2.weight", "criteria.3.name",
    }
    with pytest.raises(Invalid):
        service.set_criteria(charlie, need, [{"name": str(n), "weight": 1} for n in range(13)])


def test_a_template_begins_in_the_readers_language_and_only_once(need, charlie):
    comparison = service.begin_with(charlie, need, "research", "zh")
    assert comparison.criteria[0].name == "达到指标的把握"
    with pytest.raises(Conflict):
        service.begin_with(charlie, need, "service", "zh")
    with pytest.raises(Invalid):
        service.begin_with(charlie, need, "astrology", "zh")


def test_the_total_is_the_weighted_mean_of_averages_and_says_how(need, cases, charlie, carol):
    fit, cost = service.set_criteria(charlie, need, TWO).criteria
    service.score(charlie, cases[0], {fit.id: (5, ""), cost.id: (2, "")})
    service.score(carol, cases[0], {fit.id: ("3", "not at -20 °C")})
    service.score(carol, cases[1], {cost.id: (5, "")})
    board = service.compare(charlie, need)
    by_id = {answer.introduction.id: answer.total for answer in board.answers}
    assert by_id[cases[0].id].value == pytest.approx((5 * 4 + 2 * 2) / 7)
    assert by_id[cases[0].id].explained == "5 × 4 + 2 × 2 = 24; 24 ÷ 7 = 3.43"
    cell = by_id[cases[0].id].cells[0]
    assert (cell.average, cell.lowest, cell.highest, cell.is_disputed) == (4, 3, 5, True)
    assert (by_id[cases[1].id].value, by_id[cases[1].id].is_whole) == (5, False)
    assert by_id[cases[2].id].value is None and board.judges == 2
    assert [answer.introduction for answer in board.answers] == [cases[1], cases[0], cases[2]]


@pytest.mark.parametrize("points", [0, 6, "many", 2.5, True, "٣"])
def test_points_are_whole_numbers_from_one_to_five(points, need, cases, charlie):
    fit = service.set_criteria(charlie, need, TWO).criteria[0]
    with pytest.raises(Invalid) as wrong:
        service.score(charlie, cases[0], {fit.id: (points, "")})
    assert f"points.{fit.id}" in wrong.value.fields


def test_points_are_taken_back_and_stale_criteria_refused(need, cases, charlie):
    comparison = service.set_criteria(charlie, need, TWO)
    fit = comparison.criteria[0]
    service.score(charlie, cases[0], {fit.id: (4, "")}, comparison.version)
    service.score(charlie, cases[0], {fit.id: (None, "")})
    assert session.scalars(select(Score)).all() == []
    with pytest.raises(Conflict):
        service.score(charlie, cases[0], {fit.id: (4, "")}, comparison.version - 1)
    with pytest.raises(Invalid):
        service.score(charlie, cases[0], {99_999: (4, "")})


def test_viewers_staff_and_suppliers_judge_nothing(need, cases, charlie, victor, dana, erin, suppliers, frank):
    fit = service.set_criteria(charlie, need, TWO).criteria[0]
    for person, refusal in ((victor, Forbidden), (dana, Forbidden), (erin, Forbidden), (suppliers[0], NotFound),
                            (frank, NotFound)):
        for act in (
            lambda who: service.set_criteria(who, need, TWO), lambda who: service.star(who, cases[0]),
            lambda who: service.score(who, cases[0], {fit.id: (5, "")}), lambda who: service.partings(who, need),
            lambda who: service.decline(who, need, []), lambda who: service.begin_with(who, need, "research", "en"),
            lambda who: service.checked_declines(who, need, {}),
        ):
            with pytest.raises(refusal):
                act(person)


def test_the_short_list_is_the_organisations_and_stands_first(need, cases, charlie, carol):
    service.star(charlie, cases[2])
    service.star(carol, cases[2])
    assert [answer.introduction for answer in service.compare(carol, need, "starred").answers] == [cases[2]]
    assert service.compare(carol, need).answers[0].introduction is cases[2]
    service.star(carol, cases[2], on=False)
    assert session.scalars(select(Star)).all() == []


def test_the_rest_is_declined_in_one_step_and_every_supplier_hears_without_names(
    need, cases, charlie, suppliers, company
):
    service.star(charlie, cases[0])
    given = {cases[1].ref: (cases[1].version, "", ""), cases[2].ref: (cases[2].version, "terms", "Exclusive only.")}
    chosen = service.checked_declines(charlie, need, given, "budget")
    outcomes = service.decline(charlie, need, chosen)
    assert [one.why_not for one in outcomes] == [None, None]
    assert [(c.status, c.close_reason, c.reason_code) for c in cases[1:]] == [
        (Status.CLOSED, CloseReason.DECLINED_BY_COUNTERPART, ReasonCode.BUDGET),
        (Status.CLOSED, CloseReason.DECLINED_BY_COUNTERPART, ReasonCode.TERMS),
    ]
    assert cases[0].status is Status.ACTIVE
    for person in suppliers[1:]:
        told = " ".join(heard(person)[-1:])
        assert "is closed" in told and charlie.name not in told and company.name not in told


def test_what_somebody_moved_meanwhile_stays_open_and_is_told(need, cases, charlie, suppliers, dana):
    seen = {case.ref: (case.version, "", "") for case in cases}
    introductions.move(dana, cases[1], "take")
    chosen = service.checked_declines(charlie, need, seen, "budget")
    outcomes = {one.introduction.ref: one.why_not for one in service.decline(charlie, need, chosen)}
    assert outcomes[cases[0].ref] is None and outcomes[cases[2].ref] is None and outcomes[cases[1].ref]
    assert cases[1].status is Status.ACTIVE


def test_what_was_closed_meanwhile_says_so(need, cases, charlie, suppliers):
    chosen = service.checked_declines(charlie, need, {cases[1].ref: (None, "budget", "")})
    introductions.move(suppliers[1], cases[1], "close", reason="withdrawn", reason_code="timing")
    outcome = service.decline(charlie, need, chosen)[0]
    assert "closed already" in outcome.why_not


def test_every_stage_has_its_way_out_or_says_who_ends_it(need, cases, charlie, suppliers, dana):
    for who, name in ((dana, "qualify"), (charlie, "consent"), (suppliers[0], "consent"), (charlie, "meet")):
        introductions.move(who, cases[0], name, **entries(name))
    ways = {one.answer.introduction.id: one.way for one in service.partings(charlie, need)}
    assert ways[cases[0].id].reason is CloseReason.NO_AGREEMENT
    for name in ("intent", "sign"):
        introductions.move(dana, cases[0], name, **entries(name))
    stays = next(one for one in service.partings(charlie, need) if one.answer.introduction is cases[0])
    assert stays.way is None and "only the broker" in service.not_to_end(cases[0])


def test_reasons_are_needed_and_those_of_other_needs_refused(need, cases, charlie, company, institute, alice):
    other = introductions.express_interest(alice, a_listing(company, Kind.NEED), a_listing(institute), **ANSWERS)
    with pytest.raises(Invalid) as wrong:
        service.checked_declines(charlie, need, {
            cases[0].ref: (None, "", ""), cases[1].ref: (None, "other", " "), other.ref: (None, "budget", ""),
            cases[2].ref: (None, "bad weather", ""), "I-1999-000001": (None, "budget", ""),
        })
    assert set(wrong.value.fields) == {
        f"code.{cases[0].ref}", f"text.{cases[1].ref}", f"code.{cases[2].ref}", f"close.{other.ref}",
        "close.I-1999-000001",
    }
    with pytest.raises(Invalid):
        service.checked_declines(charlie, need, {})


def test_a_supplier_reads_counts_and_what_to_mend_but_not_who_or_when(need, charlie, company, suppliers, dana, erin):
    person = suppliers[1]
    result = a_listing(organisation_of(person))
    case = introductions.express_interest(person, need, result, **ANSWERS)
    text = f"{charlie.name} of {company.name} finds it too early"
    introductions.move(charlie, case, "close", reason="declined_by_counterpart", reason_code="too_early", note=text)
    found = mending(person, result)
    assert [(row.code, row.count, row.field.name) for row in found.rows] == [("too_early", 1, "trl_evidence")]
    assert found.since is None
    said = " ".join(found.rows[0].said)
    assert "too early" in said and charlie.name not in said and company.name not in said
    assert mending(charlie, result) is None and mending(suppliers[2], result) is None
    assert mending(erin, result).total == 1 and mending(None, result) is None
    assert mending(charlie, need) is None, "the owner's own no is no reason against the need"


def test_from_three_on_it_is_told_since_when(charlie, company, suppliers):
    result = a_listing(organisation_of(suppliers[1]))
    for _ in range(3):
        case = introductions.express_interest(suppliers[1], a_listing(company, Kind.NEED), result, **ANSWERS)
        introductions.move(charlie, case, "close", reason="declined_by_counterpart", reason_code="budget")
    found = mending(suppliers[1], result)
    assert (found.total, found.rows[0].count) == (3, 3) and found.since is not None


def test_a_suggestion_of_the_system_is_declined_quietly(need, charlie, suppliers):
    result = a_listing(organisation_of(suppliers[1]))
    case = introductions.suggest(None, need, result, Origin.MATCH)
    chosen = service.checked_declines(charlie, need, {case.ref: (case.version, "not_our_field", "")})
    assert service.decline(charlie, need, chosen)[0].why_not is None
    assert case.status is Status.CLOSED


def test_a_member_who_left_keeps_their_points(need, cases, charlie, carol):
    fit = service.set_criteria(charlie, need, TWO).criteria[0]
    service.score(carol, cases[0], {fit.id: (5, "")})
    with transaction():
        session.delete(carol.memberships[0])
    session.expire_all()
    with pytest.raises(NotFound):
        service.need_of(carol, need.ref) and service.compare(carol, need)
    assert next(a for a in service.compare(charlie, need).answers if a.introduction is cases[0]).total.value == 5


def test_a_board_takes_as_many_queries_for_many_answers_as_for_one(
    need, charlie, dana, institute, alice, count_queries
):
    comparison = service.set_criteria(charlie, need, TWO)

    def counted(how_many: int) -> int:
        for _ in range(how_many):
            case = introductions.express_interest(alice, need, a_listing(institute), **ANSWERS)
            service.score(charlie, case, {one.id: (3, "") for one in comparison.criteria})
            service.star(charlie, case)
        session.expunge_all()
        person, listing = session.get_one(User, who), session.get_one(Listing, which)
        with count_queries() as asked:
            for answer in service.compare(person, listing).answers:
                assert answer.total.explained and answer.in_language("zh").title
        return asked.count

    who, which = charlie.id, need.id
    one, many = counted(1), counted(5)
    assert abs(many - one) <= 1, "the weights of matching are looked at now and then"


def test_of_two_members_who_begin_the_criteria_at_once_one_is_told(own_database):
    """Commits are real here, and each has a connection of their own."""
    with transaction():
        session.add(RefCounter(letter="N", year=clock.today().year, last=0))
    company = an_organisation("racing", OrganisationKind.COMPANY)
    numbers = []
    for name in ("one", "two"):
        person = a_person(f"{name}@racing.example")
        join(person, company)
        numbers.append(person.id)
    which = a_listing(company, Kind.NEED).id
    barrier, outcomes = Barrier(2), []

    def press(number: int) -> None:
        person, need = session.get_one(User, number), session.get_one(Listing, which)
        barrier.wait()
        try:
            rows = [*TWO, {"name": person.name, "weight": 1}]
            outcomes.append(len(service.set_criteria(person, need, rows, 0).criteria))
        except Conflict:
            outcomes.append(0)
        session.remove()

    session.remove()
    threads = [Thread(target=press, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 3]


def test_the_second_click_of_a_double_click_changes_nothing(need, cases, charlie):
    for _ in range(2):
        assert len(service.set_criteria(charlie, need, TWO, 0).criteria) == 2
    given = {cases[1].ref: (cases[1].version, "budget", "")}
    for _ in range(2):
        chosen = service.checked_declines(charlie, need, given)
        assert [one.why_not for one in service.decline(charlie, need, chosen)] == [None]
    assert len(introductions.history(charlie, cases[1])) == 2
