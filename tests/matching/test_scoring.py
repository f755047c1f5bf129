from conftest import NEED, RESULT, a_listing

from marketplace.listings.models import Kind
from marketplace.matching import service
from marketplace.matching.features import Features, cosine
from marketplace.matching.profiles import key_terms, profile
from marketplace.matching.scoring import score
from marketplace.matching.terms import reading


def alike(one, other):
    return cosine(*(reading(((1.0, (text,)),)).units for text in (one, other)))


def test_pair_has_one_score_from_both_sides(institute, company):
    result, need = a_listing(institute), a_listing(company, Kind.NEED)
    assert service.score_of(result, need) == service.score_of(need, result) > 40


def test_points_add_up_to_the_score(institute, company):
    result, need = a_listing(institute), a_listing(company, Kind.NEED)
    made = service.Pair(need, result, profile(need), profile(result)).score
    assert abs(sum(made.points.values()) - made.total) < 0.1


def test_stranger_subject_scores_next_to_nothing(institute, company):
    need = a_listing(company, Kind.NEED, **{
        **NEED, "title": "冷链果蔬保鲜", "summary": "荔枝运输三天仍新鲜", "keywords": ["保鲜"], "field": "biology",
        "details": {"situation": "腐烂", "outcome": "保鲜", "targets": "损耗低于 5%"},
    })
    assert service.score_of(a_listing(institute), need) < 10


def test_more_shared_words_score_higher(institute, company):
    need = a_listing(company, Kind.NEED)
    near = a_listing(institute)
    far = a_listing(institute, **{**RESULT, "title": "Battery recycling line", "summary": "Crushes cells.",
                                  "keywords": ["recycling"]})
    assert service.score_of(near, need) > service.score_of(far, need)


def test_words_every_project_uses_hardly_count():
    assert alike("efficient system for welding", "efficient system for brewing") < alike("welding", "welded") / 2


def test_chinese_words_that_contain_each_other_are_alike():
    assert alike("锂离子电池", "锂电池") > 0.6


def test_english_words_are_compared_without_their_endings():
    assert alike("adaptive welding robots", "robot that adapts to welds") > 0.9


def test_translation_joins_two_languages(institute, company):
    need = a_listing(company, Kind.NEED, title="阻燃电解液", keywords=["电解液"], summary="", details={}, language="zh")
    from marketplace.db import session, transaction
    from marketplace.listings.models import ListingTranslation

    before = service.score_of(a_listing(institute), need)
    with transaction():
        session.add(ListingTranslation(listing_id=need.id, language="en", title="Flame-retardant electrolyte"))
    session.refresh(need)
    assert service.score_of(a_listing(institute), need) > before


def test_need_of_one_word_and_of_fifty_thousand(institute, company):
    result = a_listing(institute)
    one = a_listing(company, Kind.NEED, title="electrolyte", summary="", keywords=[], details={})
    many = a_listing(company, Kind.NEED, details={"situation": "electrolyte burns " * 50_000})
    assert 0 < service.score_of(result, one) <= 100 and 0 < service.score_of(result, many) <= 100
    assert len(key_terms(profile(many))) <= 24


def test_listing_without_words_matches_nothing(institute, company):
    empty = a_listing(company, Kind.NEED, title="", summary="", keywords=[], details={})
    assert service.score_of(a_listing(institute), empty) == 0


def test_facts_alone_are_no_match():
    assert score(Features(text={"words": 0.0}, facts={"field": 1.0, "trl": 1.0})).total == 0


def test_result_far_below_the_level_asked_for_loses_its_points(institute, company):
    need = a_listing(company, Kind.NEED, trl_min=8)
    ready, early = a_listing(institute, trl=9), a_listing(institute, trl=3)
    assert service.score_of(ready, need) > service.score_of(early, need)


def test_price_beyond_the_budget_loses_its_points(institute, company):
    need = a_listing(company, Kind.NEED, budget_band="100k_to_500k")
    within = a_listing(institute, price_kind="indicative", price_amount=300_000, price_currency="CNY")
    beyond = a_listing(institute, price_kind="floor", price_amount=300_000, price_currency="USD")
    assert service.score_of(within, need) > service.score_of(beyond, need)
