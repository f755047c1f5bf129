"""The harvest of our listings by another catalogue, with a client that others use."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import a_listing
from lxml import etree
from sickle import Sickle
from sickle.oaiexceptions import (
    BadArgument,
    BadResumptionToken,
    CannotDisseminateFormat,
    IdDoesNotExist,
    NoRecordsMatch,
)

from marketplace import clock
from marketplace.db import session, transaction
from marketplace.finding import oai
from marketplace.listings.models import Exclusion, Kind, Listing, ListingTranslation, State

OWN = "{urn:x-yinqiao:listing:1}"
XML_SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="http://www.w3.org/XML/1998/namespace"><xs:attribute name="lang" type="xs:language"/></xs:schema>"""


class _Answer:
    """As much of an answer of the requests library as the client looks at."""

    def __init__(self, answer):
        self.status_code, self.headers, self.content = answer.status_code, dict(answer.headers), answer.data
        self.text, self.encoding = answer.get_data(as_text=True), "utf-8"

    def raise_for_status(self):
        assert self.status_code == 200


@pytest.fixture
def harvester(client, monkeypatch):
    """The client library, its requests sent to the application in this process."""
    def get(address, params=None, **_):
        return _Answer(client.get(urlsplit(address).path, query_string=params))

    def post(address, data=None, **_):
        return _Answer(client.post(urlsplit(address).path, data=data))

    monkeypatch.setattr("sickle.app.requests.get", get)
    monkeypatch.setattr("sickle.app.requests.post", post)
    return Sickle("http://127.0.0.1:8000/oai")


def ref_of(record):
    return record.header.identifier.rpartition(":")[2]


def test_another_catalogue_takes_everything_over_part_by_part(harvester, institute, company, monkeypatch):
    monkeypatch.setattr(oai, "PORTION", 3)
    made = [a_listing(institute) for _ in range(5)] + [a_listing(company, Kind.NEED) for _ in range(3)]
    got = [ref_of(record) for record in harvester.ListRecords(metadataPrefix="oai_dc")]
    assert sorted(got) == sorted(listing.ref for listing in made)
    by_post = Sickle("http://127.0.0.1:8000/oai", http_method="POST")
    headers = [header.identifier for header in by_post.ListIdentifiers(metadataPrefix="yinqiao", set="kind:need")]
    assert len(headers) == 3 and all(one.startswith("oai:127.0.0.1:N-") for one in headers)


def test_what_changes_meanwhile_is_met_again_and_nothing_is_lost(harvester, institute, monkeypatch):
    monkeypatch.setattr(oai, "PORTION", 2)
    made = [a_listing(institute) for _ in range(5)]
    records = harvester.ListRecords(metadataPrefix="oai_dc")
    got = [ref_of(next(records))]
    with transaction():
        for number, listing in enumerate((made[0], made[4])):
            session.get_one(Listing, listing.id).changed_at = clock.now() + timedelta(seconds=number + 1)
    got += [ref_of(record) for record in records]
    assert set(got) == {listing.ref for listing in made} and got.count(made[0].ref) == 2


def test_dublin_core_says_it_in_both_languages(harvester, institute):
    result = a_listing(institute)
    words = {"title": "阻燃电解液", "summary": "不燃", "keywords": ["电解液"]}
    with transaction():
        session.add(ListingTranslation(listing_id=result.id, language="zh", **words))
    session.expire_all()
    said = harvester.GetRecord(identifier=f"oai:127.0.0.1:{result.ref}", metadataPrefix="oai_dc").metadata
    assert result.title in said["title"] and "阻燃电解液" in said["title"] and "电解液" in said["subject"]
    assert f"http://127.0.0.1:8000/listings/{result.ref}" in said["identifier"]
    assert "New energy" in said["subject"] and "新能源" in said["subject"] and "Institute" in said["creator"]


def test_own_records_keep_to_the_schema_we_publish(client, harvester, institute, company):
    a_listing(institute, price_kind="indicative", price_amount=800_000, industry="C38", ipc=["H01M 10/0567"])
    a_listing(company, Kind.NEED, deadline=clock.today(), summary="A \x0b line & <tag> 😀")
    served = client.get("/oai/listing.xsd").data
    resolving = etree.XMLParser()

    class Local(etree.Resolver):
        def resolve(self, url, _, context):
            return self.resolve_string(XML_SCHEMA, context)

    resolving.resolvers.add(Local())
    schema = etree.XMLSchema(etree.fromstring(served, resolving))
    records = list(harvester.ListRecords(metadataPrefix="yinqiao"))
    assert len(records) == 2
    for record in records:
        schema.assertValid(record.xml.find(f".//{OWN}listing"))


def test_what_is_no_longer_shown_is_told_to_be_deleted(harvester, institute, company):
    withdrawn, hidden, draft = a_listing(institute), a_listing(institute), a_listing(institute, state=State.DRAFT)
    with transaction():
        withdrawn.state = State.WITHDRAWN
        session.add(Exclusion(listing_id=hidden.id, organisation_id=company.id))
    records = {ref_of(record): record for record in harvester.ListRecords(metadataPrefix="oai_dc")}
    assert records[withdrawn.ref].deleted and records[hidden.ref].deleted and draft.ref not in records
    assert list(harvester.ListRecords(metadataPrefix="oai_dc", ignore_deleted=True)) == []


def test_anonymous_and_confidential_words_are_not_handed_on(client, institute):
    secret = {"problem": "tier one words"}
    a_listing(institute, anonymous=True, summary="By Institute itself", confidential="the recipe", details=secret)
    for prefix in oai.FORMATS:
        said = client.get(f"/oai?verb=ListRecords&metadataPrefix={prefix}").get_data(as_text=True)
        assert "[…]" in said
        for hidden in ("Institute", "institute", "recipe", "tier one"):
            assert hidden not in said


def test_a_harvester_asks_for_what_changed_in_a_time(harvester, institute):
    old, new = a_listing(institute), a_listing(institute)
    with transaction():
        old.changed_at = clock.now() - timedelta(days=10)
    day = f"{clock.now() - timedelta(days=5):%Y-%m-%d}"
    asked = {"metadataPrefix": "oai_dc"}
    assert [ref_of(r) for r in harvester.ListRecords(**asked, **{"from": day})] == [new.ref]
    assert [ref_of(r) for r in harvester.ListRecords(**asked, until=day)] == [old.ref]
    moment = f"{old.changed_at:%Y-%m-%dT%H:%M:%SZ}"
    assert [ref_of(r) for r in harvester.ListRecords(**asked, **{"from": moment, "until": moment})] == [old.ref]


def test_the_catalogue_describes_itself(harvester, institute):
    a_listing(institute)
    said = harvester.Identify()
    assert said.protocolVersion == "2.0" and said.deletedRecord == "persistent" and "@" in said.adminEmail
    assert [one.metadataPrefix for one in harvester.ListMetadataFormats()] == ["oai_dc", "yinqiao"]
    assert {one.setSpec for one in harvester.ListSets()} == set(oai.SETS)


@pytest.mark.parametrize(("asked", "trouble"), [
    ({"metadataPrefix": "marc21"}, CannotDisseminateFormat),
    ({"metadataPrefix": "oai_dc", "from": "2026-13-45"}, BadArgument),
    ({"metadataPrefix": "oai_dc", "from": "yesterday"}, BadArgument),
    ({"metadataPrefix": "oai_dc", "from": "2026-02-01", "until": "2026-01-01"}, BadArgument),
    ({"metadataPrefix": "oai_dc", "from": "2026-02-01", "until": "2026-03-01T00:00:00Z"}, BadArgument),
    ({"metadataPrefix": "oai_dc", "until": "9999-12-31"}, BadArgument),
    ({"metadataPrefix": "oai_dc", "set": "field:astrology"}, NoRecordsMatch),
    ({"metadataPrefix": "oai_dc", "from": "2999-01-01"}, NoRecordsMatch),
    ({"metadataPrefix": "oai_dc", "colour": "red"}, BadArgument),
    ({}, BadArgument),
    ({"resumptionToken": "forged"}, BadResumptionToken),
    ({"resumptionToken": "forged", "metadataPrefix": "oai_dc"}, BadArgument),
])
def test_senseless_request_is_answered_in_the_protocols_own_words(harvester, asked, trouble):
    with pytest.raises(trouble):
        list(harvester.ListRecords(**asked))


@pytest.mark.parametrize("query", [
    "", "verb=Dance", "verb=Identify&verb=Identify", "verb=Identify&x=1", "verb=%00%0b", "verb=GetRecord&identifier=x",
    "verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "verb=ListSets&resumptionToken=x",
    "verb=GetRecord&metadataPrefix=oai_dc&identifier=%22%3E%3Cscript%3E%01",
])
def test_every_answer_can_be_read(client, query):
    answer = client.get("/oai", query_string=parse_qsl(query) if "%" not in query else query)
    assert answer.status_code == 200 and answer.mimetype == "text/xml"
    assert etree.fromstring(answer.data).find("{*}error").get("code")


def test_unknown_and_unpublished_listings_do_not_exist_alike(harvester, institute):
    draft = a_listing(institute, state=State.DRAFT)
    for ref in (draft.ref, "R-1999-000001", "x"):
        with pytest.raises(IdDoesNotExist):
            harvester.GetRecord(identifier=f"oai:127.0.0.1:{ref}", metadataPrefix="oai_dc")


def test_a_token_grows_old(harvester, client, institute, monkeypatch):
    monkeypatch.setattr(oai, "PORTION", 1)
    a_listing(institute), a_listing(institute)
    answer = client.get("/oai?verb=ListRecords&metadataPrefix=oai_dc")
    token = etree.fromstring(answer.data).find(".//{*}resumptionToken")
    with clock.at(clock.now() + timedelta(days=2)), pytest.raises(BadResumptionToken):
        next(harvester.ListRecords(resumptionToken=token.text))
    with pytest.raises(BadResumptionToken):
        next(harvester.ListIdentifiers(resumptionToken=token.text))


def test_a_long_part_costs_as_many_queries_as_a_short_one(client, institute, count_queries):
    counts = []
    for more in (1, 9):
        for _ in range(more):
            a_listing(institute)
        with count_queries() as counted:
            client.get("/oai?verb=ListRecords&metadataPrefix=oai_dc")
        counts.append(counted.count)
    assert counts[0] == counts[1]
