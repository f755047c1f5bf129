from dataclasses import replace

import pytest
from conftest import NEED, a_listing
from indexing import EngineThatIsDown, index_listings

from marketplace import index
from marketplace.db import session, transaction
from marketplace.finding import meaning, terms, widening
from marketplace.finding import service as finding
from marketplace.finding.criteria import Criteria
from marketplace.listings import vectors
from marketplace.listings.models import Exclusion, Kind, State
from marketplace.listings.vectors import Space
from search.embedding import NoEmbedder


def begin(actor, q="", **criteria):
    return widening.beginning(actor, finding.find(actor, Criteria(q=q, **criteria), "en"), "en")


def loosened(actor, q, **criteria):
    return widening.loosened(actor, finding.find(actor, Criteria(q=q, **criteria), "en"))


def costs(beginning):
    return {barrier.group.en: barrier.total for barrier in beginning.barriers}


def test_words_left_out_are_told_from_words_nobody_has(institute):
    a_listing(institute), a_listing(institute, title="Membrane", summary="", keywords=[])
    index_listings()
    told = loosened(None, "electrolyte graphanequux membrane")
    assert told.absent == ("graphanequux",) and len(told.parted) == 1


def test_strict_search_asks_for_every_word(institute):
    a_listing(institute)
    index_listings()
    told = loosened(None, "electrolyte graphanequux")
    assert told.strict == "/search?q=electrolyte+%22graphanequux%22"
    assert finding.find(None, Criteria(q='electrolyte "graphanequux"')).total == 0


def test_nothing_is_said_when_all_was_found_as_written(institute):
    a_listing(institute)
    index_listings()
    assert loosened(None, "Electrolyte batteries lith") is None


def test_mistyped_word_is_shown_with_what_was_found_for_it(institute):
    a_listing(institute)
    index_listings()
    told = loosened(None, "electrolite plants")
    assert told.respelt == (("electrolite", "electrolyte"),) and told.exact == "/search?q=%22electrolite%22+plants"


@pytest.mark.parametrize(("written", "expected"), [
    ("电解夜", (("电解夜", "电解液"),)), ("阻燃电解夜", (("电解夜", "电解液"),)), ("电解液", ()), ("新型电解液", ()),
    ("电解", ()), ("储能电站", ()),
])
def test_mistyped_chinese_word_is_told_from_one_that_is_right(written, expected):
    row = finding.Row(*[None] * 20)
    rows = [replace(row, title=(("阻燃", False), ("电解液", True)), why=(("电解液", True), ("不燃", False)))]
    assert widening._respelt(written, rows) == expected


@pytest.mark.parametrize(("q", "words", "expected"), [
    ("电池石墨烷", ["石墨烷"], '电池 "石墨烷"'), ("a b", ["B"], 'a "b"'), ("x", ["other"], 'x "other"'),
    ('"a" a', ["a"], '"a" "a"'),
])
def test_words_are_put_in_quotation_marks_where_they_stand(q, words, expected):
    assert widening.quoted(q, words) == expected


def test_every_filter_in_the_way_says_what_it_costs(institute, company):
    a_listing(institute), a_listing(institute, field="biology")
    index_listings()
    told = begin(None, "electrolyte", region=("SG",))
    assert costs(told) == {"Region": 2} and told.barriers[0].address == "/search?q=electrolyte"
    assert len(told.nearest) == 2 and "Region" in str(told.nearest_why)


def test_filters_that_only_together_leave_nothing_are_left_out_together(institute):
    result = a_listing(institute)
    index_listings()
    told = begin(None, "electrolyte", region=("SG",), trl=("9",))
    assert told.barriers == () and [row.ref for row in told.nearest] == [result.ref]


def test_price_organisation_and_date_are_filters_too(institute, company):
    a_listing(institute)
    index_listings()
    assert costs(begin(None, "electrolyte", price_min=9)) == {"Price or budget": 1}
    assert [str(one.group) for one in begin(None, "electrolyte", organisation="company").barriers] == ["Organisation"]


def test_search_that_finds_nothing_asks_the_engine_a_dozen_times_at_most(institute, monkeypatch):
    a_listing(institute)
    index_listings()
    asked = []
    engine = index.engine()
    for name in ("search", "suggest", "nearest"):
        real = getattr(engine, name)
        monkeypatch.setattr(engine, name, lambda *a, real=real, **k: asked.append(1) or real(*a, **k))
    begin(None, "qqqq zzzz", kind=("need",), subtype=("testing",), field=("biology",), region=("SG",), industry=("C",),
          trl=("1",), mode=("equity",), organisation_kind=("park",), price_min=1, days=1, organisation="x")
    assert len(asked) <= 12


def test_query_becomes_the_beginning_of_a_need(institute):
    index_listings()
    told = begin(None, " zinc  air ", field=("new_energy",), region=("CN", "440000", "440300"), industry=("C", "C38"))
    assert told.need == "/listings/new/need?title=zinc+air&field=new_energy&industry=C38&region=440300"
    assert begin(None, "x", field=("biology", "new_energy"), region=("CN",)).need == "/listings/new/need?title=x"


def test_what_begins_alike_is_proposed(institute):
    a_listing(institute, keywords=["石墨烯"])
    index_listings()
    assert [one.text for one in begin(None, "石墨烷").similar] == ["石墨烯"]


def test_equal_terms_that_were_searched_as_well_are_named(erin):
    terms.add(erin, ["graphane", "石墨烷", "hydrogenated graphene"])
    index_listings()
    assert begin(None, "石墨烷").equals == ("graphane", "hydrogenated graphene")


def test_nothing_of_a_draft_or_an_excluded_listing_is_counted_or_shown(institute, company, charlie, alice):
    hidden = a_listing(institute, title="Zirconogram", keywords=["zirconogram"])
    a_listing(institute, title="Zirconogram draft", state=State.DRAFT)
    with transaction():
        session.add(Exclusion(listing_id=hidden.id, organisation_id=company.id))
    session.expire_all()
    index_listings()
    told = begin(charlie, "zirconogram", region=("SG",))
    assert (told.barriers, told.nearest, told.similar) == ((), [], ())
    assert costs(begin(None, "zirconogram", region=("SG",))) == {"Region": 1}
    assert costs(begin(alice, "zirconogram", region=("SG",))) == {"Region": 2}


def test_visitor_does_not_learn_that_the_members_text_has_a_word(institute, charlie):
    a_listing(institute)
    index_listings()
    assert begin(None, "fluorinated", region=("SG",)).barriers == ()
    assert costs(begin(charlie, "fluorinated", region=("SG",))) == {"Region": 1}
    assert loosened(None, "electrolyte fluorinated").absent == ("fluorinated",)
    assert loosened(charlie, "electrolyte fluorinated") is None


def test_organisation_behind_an_anonymous_need_is_not_found_by_its_absence(company):
    a_listing(company, Kind.NEED, anonymous=True, **{**NEED, "title": "Electrolyte for us"})
    index_listings()
    assert begin(None, "electrolyte", organisation="company").nearest[0].organisation is None
    assert loosened(None, "electrolyte company").absent == ("company",)


class Embedder:
    name, dimensions, batch = "test", 2, 1

    def embed(self, texts, kind="passage"):
        return [[1.0, 0.0] for _ in texts]


@pytest.fixture
def near(monkeypatch):
    """Vectors are on, and every listing lies near, the first ones nearest."""
    vectors.bind(Embedder())
    monkeypatch.setattr(vectors, "space", lambda: Space("test", 2, {}))
    meaning.forget()
    yield
    vectors.bind(NoEmbedder())
    meaning.forget()


def test_nearest_in_meaning_are_those_this_reader_may_see(near, institute, charlie, alice, monkeypatch):
    from search import Hit, Page

    seen, draft = a_listing(institute), a_listing(institute, state=State.DRAFT)
    index_listings()
    found = Page((Hit(draft.id, 0.9), Hit(seen.id, 0.8)), 2)
    monkeypatch.setattr(index.engine(), "nearest", lambda *_, **__: found, raising=False)
    assert [row.ref for row in begin(charlie, "qqqq").nearest] == [seen.ref]
    assert [row.ref for row in begin(alice, "qqqq").nearest] == [draft.ref, seen.ref]


def test_embedder_that_is_down_leaves_the_rest_as_it_is(near, institute, monkeypatch):
    from search import Unavailable

    def refuse(*_, **__):
        raise Unavailable("gone")

    monkeypatch.setattr(Embedder, "embed", refuse)
    a_listing(institute)
    index_listings()
    assert costs(begin(None, "electrolyte", region=("SG",))) == {"Region": 1}


def test_engine_that_is_down_is_not_asked_why(institute):
    a_listing(institute)
    index.bind(EngineThatIsDown())
    told = begin(None, "qqqq", region=("SG",))
    assert (told.barriers, told.nearest) == ((), [])


@pytest.mark.parametrize("text", [
    "", '"', '"" (((', "\x00", "🔋\u202e", "a" * 100_000, "电" * 5_000, "%_\\", "\ud800", "- -x",
])
def test_hostile_query_is_only_text(institute, text):
    a_listing(institute)
    index_listings()
    begin(None, text, region=("SG",))
    loosened(None, f"electrolyte {text}")
