"""What nobody may learn by looking for it: an answer about a secret is the answer about a word that stands nowhere.

Each secret is one word of a listing, or of whoever wrote it. Every way of reading is asked for it, and for a word of
the same make that nobody ever wrote; beside the word itself the two answers must be the same, letter by letter.
"""

import re

import pytest
from conftest import a_listing, a_person, an_organisation, join
from indexing import EngineThatIsDown, index_listings
from saving import saves

from marketplace import index
from marketplace.db import session, transaction
from marketplace.finding import arrivals
from marketplace.listings import documents
from marketplace.listings.models import Exclusion, Kind, Listing, ListingTranslation, State, TranslationState
from marketplace.organisations.models import Kind as OrganisationKind
from marketplace.organisations.models import State as OrganisationState

UNKNOWN = "qwyxovu"
"""Stands nowhere."""
HIDDEN_STATES = {
    "draft": State.DRAFT, "approval": State.AWAITING_APPROVAL, "submitted": State.SUBMITTED, "paused": State.PAUSED,
    "withdrawn": State.WITHDRAWN,
}
WORDS = {
    "draft": "zyvoqud", "approval": "hadbuqi", "submitted": "lurwexi", "paused": "gokpyfa", "withdrawn": "mixzoqe",
    "draft tags": "xutrokd", "draft class": "fanvugy", "draft in English": "jorqika", "member": "vomikra",
    "confidential": "tybhupo", "excluding": "wegulox", "owner": "kazyroh", "owner abroad": "kazyrow",
    "owner within": "kazyroi", "patent": "ZL202410987654.3", "bare patent": "202410987653.5", "link": "muvaqil",
    "pending": "pehqudo",
}
EVERYBODY = {*WORDS}
OUTSIDE = EVERYBODY - {"excluding"}
READERS = {
    "visitor": OUTSIDE, "unverified": OUTSIDE, "stranger": OUTSIDE - {"member"}, "excluded": EVERYBODY - {"member"},
    "broker": {"draft", "approval", "draft tags", "draft class", "draft in English"},
}
"""Reader -> what is secret to them. Who excludes an organisation still shows itself to visitors; staff name nobody."""
ASKED = (
    "/search?q={word}", "/search?q=electrolyte+{word}", "/search?q=electrolyte+-{word}", "/search?q=%22{word}%22",
    "/search?q={part}", "/search?q={typo}", "/search?q={word}&kind=need&field=new_energy&sort=closing",
    "/search?organisation={word}", "/search.atom?q={word}&language=en", "/search.atom?organisation={word}&language=en",
    "/api/v1/search?q={word}", "/api/v1/search?q=electrolyte+{word}", "/api/v1/search?q={part}&region=440300",
    "/api/v1/search?q={typo}", "/api/v1/search?q=electrolyte+-{word}", "/api/v1/search?organisation={word}",
    "/api/v1/suggest?q={word}", "/api/v1/suggest?q={part}", "/api/v1/suggest?q={typo}",
    "/searches/new?q={word}", "/searches/new?organisation={word}", "/organisations?q={word}", "/organisations/{word}",
    "/organisations?q={part}", "/api/v1/listings?q={word}",
)
SHOWN = (
    "/", "/search", "/search?lang=zh", "/search?q=electrolyte", "/search?q=nothingatall", "/search.atom",
    "/search?field=biology&region=650100&q=electrolyte", "/api/v1/search?size=100", "/api/v1/suggest?q=e",
    "/search?organisation=pending", "/search.atom?organisation=pending&language=en",
    "/searches/new?organisation=pending", "/organisations/pending", "/organisations", "/sitemap.xml", "/sitemap-0.xml",
    "/oai?verb=ListRecords&metadataPrefix=yinqiao",
    "/oai?verb=ListRecords&metadataPrefix=oai_dc", "/listings/{open}", "/listings/{anonymous}", "/listings/{need}",
    "/listings/{open}/matches", "/listings/{anonymous}/matches", "/listings/{need}/matches",
    "/api/v1/listings/{open}", "/api/v1/listings/{anonymous}", "/api/v1/listings/{need}/matches",
    "/api/v1/listings/{anonymous}/matches",
    "/oai?verb=GetRecord&metadataPrefix=yinqiao&identifier=oai:localhost:{anonymous}",
)
OF_OTHERS = (
    "/searches/{saved}", "/searches/{saved}/edit", "/api/v1/searches/{saved}", "/operator/searches",
    "/operator/searches.csv", "/operator/searches.xlsx", "/operator/terms", "/operator/terms/export.csv",
    "/operator/terms/export.xlsx", "/operator/terms/new", "/operator/terms/import", "/operator/terms/1",
    "/api/v1/terms",
)


@pytest.fixture
def world(institute, company, alice, charlie, dana):
    """Listings in every state with a secret each, and an anonymous one that gives its author away throughout."""
    shy = an_organisation("kazyroh", OrganisationKind.COMPANY)
    unverified = an_organisation("newcomer", OrganisationKind.COMPANY, OrganisationState.PENDING)
    pending = an_organisation("pending", OrganisationKind.COMPANY, OrganisationState.PENDING)
    outcast = an_organisation("outcast", OrganisationKind.COMPANY)
    newcomer, left_out = a_person("new@newcomer.example"), a_person("out@outcast.example")
    join(newcomer, unverified), join(left_out, outcast)
    with transaction():
        pending.name = pending.name_en = WORDS["pending"]
        shy.name, shy.name_en = "kazyroh 卡兹洛科技", "kazyrow  Storage"
    refs = {"need": a_listing(company, Kind.NEED).ref, "open": a_listing(institute, details=_details()).ref}
    _hidden(institute)
    refs["anonymous"] = _anonymous(shy).ref
    excluding = a_listing(institute, title=f"Electrolyte {WORDS['excluding']}", keywords=[WORDS["excluding"]])
    with transaction():
        session.add(Exclusion(listing_id=excluding.id, organisation_id=outcast.id))
    refs["saved"] = saves(alice, q=WORDS["draft"]).id
    index_listings()
    arrivals.note(list(documents.every_id()))
    people = {"visitor": None, "unverified": newcomer, "stranger": charlie, "excluded": left_out, "broker": dana}
    return refs, people


def _details():
    return {"problem": f"Plants burn {WORDS['member']}.", "indicators": WORDS["member"]}


def _hidden(institute):
    for name, state in HIDDEN_STATES.items():
        word = WORDS[name]
        listing = a_listing(
            institute, state=state, title=f"{word} electrolyte", summary=f"Of {word}.", keywords=[word],
            details={"problem": word}, field="biology", region="650100", industry="C27",
        )
        with transaction():
            listing.published_at = listing.created_at if state in (State.PAUSED, State.WITHDRAWN) else None
    draft = session.query(Listing).filter_by(state=State.DRAFT).one()
    with transaction():
        draft.keywords, draft.ipc = [*draft.keywords, WORDS["draft tags"]], [WORDS["draft class"]]
        session.add(ListingTranslation(
            listing_id=draft.id, language="zh", title=f"{WORDS['draft in English']} 电解液", summary="x", keywords=[],
            state=TranslationState.MACHINE,
        ))
    with transaction():
        session.get_one(Listing, draft.id).confidential = WORDS["confidential"]


def _anonymous(shy):
    """All it says of its author is to be veiled, however it is written."""
    told = (
        f"Ask kazyroh 卡兹洛科技 or KAZYROW storage or ｋａｚｙｒｏｗ\nＳｔｏｒａｇｅ, {WORDS['patent']}, "
        f"专利号{WORDS['bare patent']}, https://{WORDS['link']}.example/a or sales@{WORDS['link']}.example, "
        f"kazyroh.cn/{WORDS['link']}"
    )
    listing = a_listing(
        shy, title=f"Electrolyte: {told}"[:200], summary=told, anonymous=True, confidential=WORDS["confidential"],
        keywords=["electrolyte", "kazyrow  Storage"], details={"problem": told, "indicators": told, "ip": [{
            "type": "invention", "number": WORDS["patent"], "status": "granted",
            "co_owners": [{"name": WORDS["owner"], "share": 50}],
        }]},
    )
    with transaction():
        session.add(ListingTranslation(
            listing_id=listing.id, language="zh", title=f"电解液 {told}"[:200], summary=told,
            state=TranslationState.MACHINE, keywords=["卡兹洛科技 kazyrow  Storage"],
        ))
    return listing


@pytest.fixture
def reading(world, client, signed_in):
    """reading("stranger")("/search") -> the body of the answer."""
    def of(who):
        person = world[1][who]
        browser = client if person is None else signed_in(person)

        def read(address):
            answer = browser.get(address.format(**world[0]))
            assert answer.status_code < 500, address
            return f"{answer.status_code} {answer.get_data(as_text=True)}"

        return read

    return of


_VOLATILE = re.compile(
    r'"took_ms":\s*[\d.]+|\?from=[\w.-]+|name="csrf_token"[^>]*|nonce-?[\w="-]*|<updated>[^<]*|search:[0-9a-f]{24}|'
    r"\d+(?:\.\d+)? ms"
)


def answers(read, word, address):
    """The answer without the word itself, as it was asked for."""
    asked = {"word": word, "part": word[:5], "typo": f"{word[:3]}{word[4:]}"}
    body = _VOLATILE.sub("", read(address.format(**asked)))
    for said in asked.values():
        body = re.sub(re.escape(said), "WORD", body, flags=re.IGNORECASE)
    return body


def is_secret(name, address):
    """That an organisation is here is no secret; and a feed shows to all what it shows to visitors."""
    if "owner" in name:
        return "organisation" not in address and "sitemap" not in address
    return name != "excluding" or ".atom" not in address


@pytest.mark.parametrize("who", READERS)
def test_answer_about_a_secret_is_the_answer_about_nothing(reading, who):
    read = reading(who)
    for address in ASKED:
        for name in READERS[who]:
            if is_secret(name, address):
                told = answers(read, WORDS[name], address)
                assert told.splitlines() == answers(read, UNKNOWN, address).splitlines(), (address, name)


@pytest.mark.parametrize("who", READERS)
def test_secret_stands_in_nothing_that_is_shown(reading, who):
    read = reading(who)
    for address in SHOWN:
        body = read(address).casefold()
        told = [name for name in READERS[who] if WORDS[name].casefold() in body and is_secret(name, address)]
        assert told == [], address


@pytest.mark.parametrize("who", READERS)
def test_nothing_hidden_is_counted_among_the_choices(reading, who):
    if who != "broker":
        told = reading(who)("/api/v1/search")
        assert "biology" not in told and "650000" not in told and '"C27"' not in told


@pytest.mark.parametrize("who", READERS)
def test_searches_of_others_and_what_operators_read_are_closed(reading, who):
    read = reading(who)
    for address in OF_OTHERS:
        assert re.match(r"(302|401|403|404) ", read(address)), address


def test_what_is_no_secret_is_found(reading):
    """Else the tests above would be kept by a search that finds nothing."""
    stranger, visitor = reading("stranger"), reading("visitor")
    assert '"total":1' in stranger(f"/api/v1/search?q={WORDS['member']}")
    assert '"total":1' in visitor(f"/api/v1/search?q={WORDS['excluding']}")
    assert WORDS["submitted"] in reading("broker")(f"/api/v1/search?q={WORDS['submitted']}&size=5")


@pytest.mark.parametrize("who", READERS)
def test_nothing_is_told_while_the_engine_is_down(reading, who):
    read = reading(who)
    index.bind(EngineThatIsDown())
    for address in ("/search?q={word}", "/api/v1/search?q={word}", "/api/v1/suggest?q={word}"):
        for name in READERS[who]:
            if is_secret(name, address):
                told = answers(read, WORDS[name], address)
                assert told.splitlines() == answers(read, UNKNOWN, address).splitlines(), (address, name)
