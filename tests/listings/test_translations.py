"""Translations by machine: what is sent, what is kept, and who has the last word."""

from __future__ import annotations

import pytest
from conftest import a_listing
from indexing import index_listings

from marketplace import index, outbox, subscriptions, translating
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, NotFound, Unavailable
from marketplace.listings import service, translations
from marketplace.listings.models import Kind, Listing, ListingTranslation, State, TranslationState
from marketplace.translating import NoTranslator, Refused
from search import Query

ZH = {"title": "锂电池用阻燃电解液", "summary": "不燃烧的电解液。", "keywords": ["电解液"], "language": "zh"}


class Machine:
    """Translates by saying so; `sent` is what it was given."""

    name = "test"

    def __init__(self) -> None:
        self.sent: list[tuple[list[str], str, str]] = []
        self.problem: Exception | None = None
        self.says = lambda text, target: f"into {target}: {len(text)}" if target == "en" else f"译文{len(text)}"

    def translate(self, texts, source, target):
        if self.problem:
            raise self.problem
        self.sent.append((list(texts), source, target))
        return [self.says(text, target) if text else "" for text in texts]


@pytest.fixture
def machine():
    made = Machine()
    translating.use(made)
    yield made
    translating.use(NoTranslator())


def work(*listings):
    """What the worker does with a change: mark, then keep the promise."""
    numbers = [listing.id for listing in listings]
    translations.mark(numbers)
    promised = [entry.subject_id for entry in session.query(outbox.Entry).filter_by(topic=translations.TOPIC)]
    with transaction():
        session.query(outbox.Entry).filter_by(topic=translations.TOPIC).delete()
    translations.fill(promised)
    for listing in listings:
        session.refresh(listing)
    return promised


def rows(listing):
    return {row.language: row for row in session.query(ListingTranslation).filter_by(listing_id=listing.id)}


def test_published_listing_gets_the_language_it_lacks_and_is_found_by_it(institute, machine):
    listing = a_listing(institute, **ZH)
    work(listing)
    row = rows(listing)["en"]
    assert (row.title, row.summary, row.keywords) == ("into en: 9", "into en: 8", ["into en: 3"])
    assert row.state is TranslationState.MACHINE
    assert machine.sent == [([ZH["title"], ZH["summary"], "电解液"], "zh", "en")]
    index_listings()
    assert index.engine().search("listings", Query('"into en"')).total == 1
    assert work(listing) == []


def test_listing_in_another_language_gets_both_of_ours(institute, machine):
    listing = a_listing(institute, title="Elektrolyt", language="other")
    work(listing)
    assert set(rows(listing)) == {"zh", "en"}
    assert {source for _, source, _ in machine.sent} == {translating.ANY}


def test_what_is_not_published_is_never_sent(institute, machine):
    for state in set(State) - {State.PUBLISHED, State.RENEWAL_DUE, State.MATCHED}:
        work(a_listing(institute, state=state, **ZH))
    assert machine.sent == []


def test_anonymous_listing_is_sent_without_what_names_its_authors(institute, machine):
    listing = a_listing(institute, anonymous=True, **{**ZH, "summary": "institute 的专利 CN 112345678 A。"})
    work(listing)
    assert machine.sent[0][0][1] == "[…] 的专利 […]。"


def test_listing_that_becomes_anonymous_loses_a_machines_words_until_they_are_made_anew(alice, institute, machine):
    listing = a_listing(institute, **{**ZH, "summary": "institute 的成果"})
    work(listing)
    service.change(alice, listing, {"anonymous": True}, None)
    assert rows(listing) == {}
    work(listing)
    assert machine.sent[-1][0][1] == "[…] 的成果"


def test_machine_translation_is_made_anew_when_its_original_changed(alice, institute, machine):
    listing = a_listing(institute, **ZH)
    work(listing)
    with transaction():
        listing.title = "锂电池用不燃电解液材料"
    assert work(listing) == [listing.id]
    assert rows(listing)["en"].title == "into en: 11"


def test_what_a_person_wrote_accepted_or_took_away_no_machine_touches(alice, institute, machine):
    listing = a_listing(institute, **ZH)
    service.set_translation(alice, listing, "en", {"title": "By hand"})
    assert work(listing) == []
    accepted = a_listing(institute, **ZH)
    work(accepted)
    service.accept_translation(alice, accepted, "en", rows(accepted)["en"].digest)
    assert rows(accepted)["en"].state is TranslationState.REVIEWED
    taken_away = a_listing(institute, **ZH)
    work(taken_away)
    service.set_translation(alice, taken_away, "en", {"title": ""})
    with transaction():
        for one in (listing, accepted, taken_away):
            one.title = "另一个题目"
    assert work(listing, accepted, taken_away) == []
    assert rows(listing)["en"].title == "By hand"
    assert [words.language for words in service.reading(None, taken_away).words] == ["zh"]


def test_person_who_translates_while_the_machine_does_has_the_last_word(alice, institute, machine):
    listing = a_listing(institute, **ZH)

    def meanwhile(text, target):
        if not rows(listing):
            service.set_translation(alice, session.get(Listing, listing.id), "en", {"title": "By hand"})
        return "by machine"

    machine.says = meanwhile
    work(listing)
    assert rows(listing)["en"].title == "By hand"


def test_translation_of_what_has_changed_meanwhile_is_not_kept(institute, machine):
    listing = a_listing(institute, **ZH)

    def meanwhile(text, target):
        with transaction():
            session.get(Listing, listing.id).title = "新题目"
        return "of the old title"

    machine.says = meanwhile
    work(listing)
    assert rows(listing) == {}


def test_machine_that_is_down_is_asked_again_later_and_nothing_is_lost(institute, machine):
    listing = a_listing(institute, **ZH)
    machine.problem = Unavailable("the translator at http://127.0.0.1:1 cannot be reached")
    with transaction():
        outbox.publish(translations.TOPIC, listing.id)
    outbox.drain()
    entry = session.query(outbox.Entry).filter_by(topic=translations.TOPIC).one()
    assert "cannot be reached" in entry.error
    machine.problem = None
    translations.fill([listing.id])
    assert rows(listing)["en"].title == "into en: 9"


def test_text_the_machine_refuses_or_gives_back_as_it_was_leaves_none_and_holds_no_other_up(institute, machine, caplog):
    refused, copied, good = (a_listing(institute, **{**ZH, "title": title}) for title in ("拒绝", "照抄", "电解液"))

    def says(text, target):
        if text == "拒绝":
            raise Refused("the translator does not like it")
        return text if text == "照抄" or "燃" in text else "an electrolyte"

    machine.says = says
    with transaction():
        good.summary = ""
    work(refused, copied, good)
    assert rows(good)["en"].title == "an electrolyte"
    assert [rows(one)["en"].title for one in (refused, copied)] == ["", ""]
    assert "does not like it" in caplog.text and "as it was" in caplog.text
    assert work(refused, copied, good) == []
    assert [w.language for w in service.reading(None, refused).words] == ["zh"]


def test_long_work_is_parted_so_that_the_worker_can_look_around(institute, machine, monkeypatch):
    listings = [a_listing(institute, **ZH) for _ in range(3)]
    monkeypatch.setattr(translations, "TURN", -1.0)
    work(*listings)
    promised = session.query(outbox.Entry).filter_by(topic=translations.TOPIC).count()
    assert (len(machine.sent), promised) == (0, 3)


def test_machine_that_makes_too_much_is_cut_to_what_the_fields_hold(institute, machine):
    listing = a_listing(institute, **{**ZH, "keywords": ["一", "二", "三"]})
    machine.says = lambda text, target: {"一": "same", "二": "same", "三": "w" * 61}.get(text, "x" * 2_000)
    work(listing)
    row = rows(listing)["en"]
    assert row.title.endswith("…") and len(row.title) <= 300
    assert row.keywords == ["same"]


def test_without_a_translator_nothing_is_promised(institute):
    listing = a_listing(institute, **ZH)
    translations.mark([listing.id])
    translations.mark_some()
    translations.fill([listing.id])
    assert session.query(outbox.Entry).filter_by(topic=translations.TOPIC).count() == 0


def test_listings_from_before_there_was_a_translator_are_found_by_the_timer(institute, machine):
    lacking = a_listing(institute, **ZH)
    a_listing(institute, state=State.DRAFT, **ZH)
    translations.mark_some()
    translations.mark_some()
    promised = session.query(outbox.Entry).filter_by(topic=translations.TOPIC).all()
    assert [entry.subject_id for entry in promised] == [lacking.id]
    assert any(timer.run is translations.mark_some for timer in subscriptions.timers())


def test_author_accepts_on_the_listing_page_and_readers_are_told_whose_words_they_read(
    client, signed_in, alice, charlie, institute, machine
):
    listing = a_listing(institute, **ZH)
    work(listing)
    ref, digest = listing.ref, rows(listing)["en"].digest
    page = client.get(f"/listings/{ref}").text
    assert "<h1>into en: 9</h1>" in page and "Machine translation." in page and "not yet reviewed" not in page
    assert "机器翻译" not in client.get(f"/listings/{ref}?lang=zh").text
    author = signed_in(alice)
    assert "not yet reviewed" in author.get(f"/listings/{ref}").text
    assert "1 machine translation has not been reviewed yet" in author.get("/mine").text
    assert "into en: 9" in author.get("/mine/translations").text
    address = f"/listings/{ref}/translations/en/accept"
    assert "changed since you read it" in author.post(address, data={"digest": "x"}, follow_redirects=True).text
    done = author.post(address, data={"digest": digest, "from": "mine"}, follow_redirects=True).text
    assert "Translation accepted" in done and "Nothing to review" in done
    assert "Translation, reviewed." in client.get(f"/listings/{ref}?lang=en").text
    assert "changed since you read it" in author.post(address, data={"digest": digest}, follow_redirects=True).text


def test_api_says_who_translated(client, institute, machine):
    listing = a_listing(institute, **ZH)
    work(listing)
    words = client.get(f"/api/v1/listings/{listing.ref}").json["words"]
    assert [(one["language"], one["state"]) for one in words] == [("zh", None), ("en", "machine")]


def test_nobody_but_authors_and_reviewers_accepts(signed_in, alice, charlie, dana, institute, machine):
    listing, hidden = a_listing(institute, **ZH), a_listing(institute, kind=Kind.NEED, **ZH)
    work(listing, hidden)
    digest = rows(listing)["en"].digest
    with pytest.raises(Forbidden):
        service.accept_translation(charlie, listing, "en", digest)
    with pytest.raises(NotFound):
        service.accept_translation(alice, listing, "zh", digest)
    with pytest.raises(Conflict):
        service.accept_translation(alice, listing, "en", "another")
    ref = listing.ref
    with transaction():
        hidden.state = State.DRAFT
    stranger = signed_in(charlie)
    assert stranger.post(f"/listings/{ref}/translations/en/accept", data={"digest": digest}).status_code == 403
    assert stranger.post(f"/listings/{hidden.ref}/translations/en/accept").status_code == 404
    assert "Nothing to review" in stranger.get("/mine/translations").text
    assert "not yet reviewed" not in stranger.get(f"/listings/{ref}").text
    signed_in(dana).post(f"/listings/{ref}/translations/en/accept", data={"digest": digest})
    assert rows(listing)["en"].state is TranslationState.REVIEWED


def test_list_of_translations_takes_a_fixed_number_of_queries(signed_in, alice, institute, machine, count_queries):
    author = signed_in(alice)
    work(a_listing(institute, **ZH))
    author.get("/mine/translations")
    with count_queries() as few:
        author.get("/mine/translations")
    work(*(a_listing(institute, **ZH) for _ in range(5)))
    with count_queries() as many:
        author.get("/mine/translations")
    assert many.count <= few.count
