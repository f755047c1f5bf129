"""The table of equal terms: what operators and releases put in, and what search makes of it."""

from __future__ import annotations

import csv

import pytest
from indexing import index_listings

from marketplace import index, outbox
from marketplace.db import session
from marketplace.errors import Conflict, Forbidden, Invalid
from marketplace.finding import terms
from marketplace.finding.models import Origin, TermGroup
from marketplace.finding.term_rules import MOST_TERMS, compared, parted
from search import Query

BATTERY = ["锂电池", "lithium battery", "Li-ion"]


def shipped():
    with terms.SHIPPED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def a_table(tmp_path, *rows):
    path = tmp_path / "terms.csv"
    path.write_text("field,terms,note\n" + "\n".join(f"new_energy,{row}," for row in rows), encoding="utf-8")
    return path


def test_shipped_terms_cover_the_nine_fields_in_both_languages_and_no_term_twice():
    rows, seen = shipped(), {}
    assert len(rows) > 350
    assert {row["field"] for row in rows} == set(terms.documents.vocabulary.FIELDS)
    for row in rows:
        group = parted(row["terms"])
        assert any("一" <= letter <= "鿿" for letter in row["terms"]) and any(t.isascii() for t in group), row
        for term in group:
            assert seen.setdefault(compared(term), row["terms"]) == row["terms"], term


def test_fresh_marketplace_has_the_shipped_terms_and_a_second_load_changes_nothing():
    added, changed = terms.load_shipped()
    assert (added, changed) == (len(shipped()), 0)
    assert terms.load_shipped() == (0, 0)
    assert ["人工智能", "AI", "artificial intelligence"] in terms.in_force()


def test_what_an_operator_removed_or_rewrote_no_release_brings_back(erin, tmp_path):
    terms.load_shipped(a_table(tmp_path, "锂电池 = Li-ion", "钙钛矿 = perovskite", "储能 = energy storage"))
    removed, rewritten, _ = session.query(TermGroup).order_by(TermGroup.id)
    terms.remove(erin, removed)
    terms.change(erin, rewritten, ["钙钛矿", "perovskite", "CaTiO3"], "new_energy")
    newer = a_table(tmp_path, "锂电池 = Li-ion = lithium battery", "钙钛矿 = perovskites", "储能 = storage of energy")
    assert terms.load_shipped(newer) == (0, 1)
    assert terms.in_force() == [["钙钛矿", "perovskite", "CaTiO3"], ["储能", "storage of energy"]]


def test_each_wrong_group_is_told_what_is_wrong_with_it_and_what_to_do(erin):
    for given, said in (
        ([], "Write at least two terms"), (["锂电池"], "“锂电池” is one term"), ([" ", "锂电池 "], "is one term"),
        (["锂电池, lithium battery"], "a comma belongs to its term"),
        (["锂电池", "Li-ion", "ｌｉ-ion"], "“ｌｉ-ion” and “Li-ion” are the same"),
        (["x" * 61, "y"], "61 characters"), (["碳", "C"], "“C” is a single letter"), (["的", "碳"], "“的” is a single"),
        (["+++", "碳"], "“+++” is a single letter, a sign"),
        ([f"词{n}" for n in range(MOST_TERMS + 1)], "21 terms; a group has at most 20"),
    ):
        with pytest.raises(Invalid) as wrong:
            terms.add(erin, given)
        assert said in wrong.value.fields["terms"], given
    with pytest.raises(Invalid, match="“farming” is no field"):
        terms.add(erin, BATTERY, "farming")
    with pytest.raises(Invalid, match="201 characters"):
        terms.add(erin, BATTERY, "", "n" * 201)
    assert terms.in_force() == []


def test_group_that_is_there_already_is_refused_in_whatever_order_and_case(erin):
    group = terms.add(erin, BATTERY, "新能源")
    assert group.field == "new_energy"
    with pytest.raises(Invalid, match=f"number {group.id}"):
        terms.add(erin, ["LI-ION", "鋰電池", "Lithium  Battery"])
    terms.remove(erin, group)
    terms.add(erin, BATTERY)
    with pytest.raises(Invalid, match="already are a group"):
        terms.restore(erin, group)


def test_term_in_several_groups_is_allowed_and_told(erin):
    first, second = terms.add(erin, BATTERY), terms.add(erin, ["锂离子电池", "LI-ION"])
    shared = terms.elsewhere([first, second])
    assert [(one.term, one.head) for one in shared[second.id]] == [("LI-ION", "锂电池")]
    assert [(one.term, one.group_id) for one in shared[first.id]] == [("Li-ion", second.id)]
    terms.remove(erin, first)
    assert terms.elsewhere([second]) == {}


def test_two_operators_at_once_the_second_is_told(erin):
    group = terms.add(erin, BATTERY)
    version = group.version
    terms.change(erin, group, [*BATTERY, "锂离子电池"], version=version)
    with pytest.raises(Conflict, match="Nothing was overwritten"):
        terms.change(erin, group, BATTERY, version=version)
    assert "锂离子电池" in group.texts


def test_nobody_but_operators_keeps_the_table(erin, alice, dana):
    group = terms.add(erin, BATTERY)
    for person in (alice, dana):
        for forbidden in (
            lambda who: terms.find(who), lambda who: terms.get(who, group.id), lambda who: terms.add(who, BATTERY),
            lambda who: terms.change(who, group, BATTERY), lambda who: terms.remove(who, group),
            lambda who: terms.restore(who, group),
        ):
            with pytest.raises(Forbidden):
                forbidden(person)


def test_terms_are_found_by_any_of_their_words_by_field_and_by_note(erin):
    terms.add(erin, BATTERY, "new_energy", "asked for by the battery club")
    terms.add(erin, ["稀土", "rare earth"], "new_materials")
    terms.add(erin, ["杂项", "miscellany"])
    heads = lambda *asked, **more: [group.texts[0] for group in terms.find(erin, *asked, **more)[0]]  # noqa: E731
    assert heads("LITHIUM") == heads("鋰") == heads("battery club") == heads("", "new_energy") == ["锂电池"]
    assert heads("", "none") == ["杂项"]
    assert heads("100%") == []
    assert terms.find(erin, size=2)[1] == 3


def test_terms_are_suggested_by_their_beginning(erin):
    terms.add(erin, ["锂电池", "lithium battery", "锂离子电池"])
    assert terms.beginning("锂") == ["锂电池", "锂离子电池"]
    assert terms.beginning("LITH") == ["lithium battery"]
    assert terms.beginning("锂", 1) == ["锂电池"]
    assert terms.beginning("ldc") == terms.beginning("li dian") == ["锂电池"]
    assert terms.beginning("lilizi") == ["锂离子电池"]
    assert terms.beginning("%") == terms.beginning("") == []


def test_search_goes_by_the_terms_at_once_and_no_longer_once_they_are_removed(erin, institute):
    from conftest import a_listing

    a_listing(institute, title="锂电池回收", keywords=["回收"], summary="", language="zh")
    index_listings()
    group = terms.add(erin, BATTERY)
    outbox.drain()
    found = lambda: index.engine().search("listings", Query("Li-ion")).total  # noqa: E731
    assert found() == 1
    terms.remove(erin, group)
    outbox.drain()
    assert found() == 0


def test_rebuilt_index_goes_by_the_terms(erin, institute):
    from conftest import a_listing

    a_listing(institute, title="锂电池回收", keywords=["回收"], summary="", language="zh")
    terms.add(erin, BATTERY)
    index.rebuild(terms.LISTINGS)
    assert index.engine().search("listings", Query("lithium battery")).total == 1


def test_new_group_is_the_operators_own_and_a_shipped_one_becomes_so_when_changed(erin, tmp_path):
    terms.load_shipped(a_table(tmp_path, "锂电池 = Li-ion"))
    group = session.query(TermGroup).one()
    assert group.origin is Origin.SHIPPED
    terms.change(erin, group, group.texts, group.field or "")
    assert group.origin is Origin.SHIPPED
    terms.change(erin, group, BATTERY, "new_energy")
    assert group.origin is Origin.OPERATOR
