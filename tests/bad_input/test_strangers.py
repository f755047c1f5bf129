"""The ref of something that is not yours to know of is the ref of nothing: 404, on pages and over the API."""

import io

import pytest
from conftest import a_listing
from sqlalchemy import select
from trying import problem_of

from marketplace.db import session, transaction
from marketplace.files.models import StoredFile
from marketplace.listings import import_jobs, service
from marketplace.listings.models import Kind, State
from marketplace.messaging.models import Notice, OutgoingMail
from marketplace.organisations.models import Membership

pytest_plugins = ["company_of_trouble"]


@pytest.fixture
def private(alice, institute, interest, tmp_path):
    """What belongs to Alice's institute and to nobody else."""
    draft = a_listing(institute, state=State.DRAFT)
    service.attach(alice, draft, "a.txt", io.BytesIO(b"hello"), 0)
    job = import_jobs.upload(alice, institute, Kind.RESULT, "a.csv", io.BytesIO("标题\n甲\n".encode()))
    notice = Notice(user_id=alice.id, msgid="x", values={}, url="/", created_at=draft.created_at)
    mail = OutgoingMail(to="alice@institute.example", language="en", subject="s", body="b", created_at=draft.created_at)
    with transaction():
        session.add_all([notice, mail])
    return {
        "draft": draft.ref,
        "case": interest.ref,
        "job": job.key,
        "notice": notice.id,
        "mail": mail.id,
        "file": session.scalars(select(StoredFile.id)).one(),
        "member": session.scalars(select(Membership.id)).first(),
    }


READ = (
    "/listings/{draft}",
    "/listings/{draft}/edit",
    "/listings/{draft}/preview",
    "/listings/{draft}/versions",
    "/listings/{draft}/matches",
    "/listings/{draft}/attachments",
    "/listings/{draft}/attachments/{file}",
    "/listings/{draft}/exclusions",
    "/listings/{draft}/translations/zh",
    "/listings/{draft}/submit",
    "/listings/{draft}/do/withdraw",
    "/introductions/{case}",
    "/introductions/{case}/messages",
    "/introductions/{case}/moves/take",
    "/introductions/new?listing={draft}",
    "/listings/import/{job}",
    "/listings/import/{job}/rejected.csv",
    "/organisations/institute/members",
    "/organisations/institute/edit",
    "/operator/mail",
    "/operator/mail/{mail}",
    "/operator/organisations",
    "/operator/organisations/institute",
    "/notices/{notice}",
    "/review/{draft}",
    "/desk",
)
WRITE = (
    "/listings/{draft}/edit",
    "/listings/{draft}/submit",
    "/listings/{draft}/do/withdraw",
    "/listings/{draft}/copy",
    "/listings/{draft}/attachments",
    "/listings/{draft}/attachments/{file}/remove",
    "/listings/{draft}/exclusions",
    "/listings/{draft}/translations/zh",
    "/introductions/{case}/messages",
    "/introductions/{case}/moves/take",
    "/listings/import/{job}",
    "/listings/import/{job}/start",
    "/organisations/institute/edit",
    "/organisations/institute/members",
    "/organisations/institute/members/{member}/role",
    "/organisations/institute/members/{member}/remove",
    "/organisations/institute/approval",
    "/operator/organisations/institute/verify",
    "/operator/organisations/institute/refuse",
    "/operator/mail/{mail}/again",
    "/operator/organisations/institute/place",
    "/notices/{notice}/read",
    "/review/{draft}",
    "/desk/next",
)


# Pages about something that everybody may know of, or of an office everybody knows there is, may also say 403.
KNOWN = ("/operator/", "/organisations/institute/edit", "/organisations/institute/approval")


def refusals(path: str) -> tuple[int, ...]:
    return (403, 404) if path.startswith(KNOWN) else (404,)


@pytest.mark.parametrize("path", READ)
def test_stranger_reads_nothing(signed_in, client, private, mallory, path):
    address = path.format(**private)
    assert signed_in(mallory).get(address).status_code in refusals(path)
    assert client.get(address).status_code in (302, 404)  # a visitor may be asked who they are first


@pytest.mark.parametrize("path", WRITE)
def test_stranger_writes_nothing(signed_in, client, private, mallory, path):
    address = path.format(**private)
    form = {"role": "admin", "title": "mine", "body": "x", "reason": "x", "remark": "x", "move": "take"}
    assert signed_in(mallory).post(address, data=form).status_code in refusals(path)
    assert client.post(address, data=form).status_code in (302, 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/listings/{draft}"),
        ("PATCH", "/listings/{draft}"),
        ("POST", "/listings/{draft}/submit"),
        ("POST", "/listings/{draft}/publish"),
        ("GET", "/listings/{draft}/matches"),
        ("GET", "/introductions/{case}"),
        ("GET", "/introductions/{case}/history"),
        ("POST", "/introductions/{case}/moves"),
    ],
)
def test_stranger_finds_nothing_over_the_api(program, private, mallory, method, path):
    answer = program(mallory).open(
        "/api/v1" + path.format(**private),
        method=method,
        json=None if method == "GET" else {"move": "take"} if "moves" in path else {},
    )
    problem_of(answer, 404)


@pytest.mark.parametrize("path", ["/operator/mail/{}", "/operator/mail/{}/again"])
def test_office_does_not_tell_strangers_what_it_has(signed_in, private, mallory, path):
    browser, ask = signed_in(mallory), "post" if path.endswith("again") else "get"
    codes = {getattr(browser, ask)(path.format(number)).status_code for number in (private["mail"], 987_654)}
    assert len(codes) == 1


def test_what_is_not_there_and_what_is_hidden_answer_alike(program, private, mallory):
    hidden = program(mallory).get(f"/api/v1/listings/{private['draft']}")
    missing = program(mallory).get("/api/v1/listings/R-1999-000001")
    said = [{**answer.json, "request_id": "its own"} for answer in (hidden, missing)]
    assert (hidden.status_code, said[0]) == (missing.status_code, said[1])


def test_interest_in_a_strangers_draft_is_interest_in_nothing(program, private, charlie, need):
    answers = {"cooperation_sought": "x", "unclear": "x", "about_us": "x"}
    answer = program(charlie).post(
        "/api/v1/introductions", json={"need": need.ref, "result": private["draft"], **answers}
    )
    problem_of(answer, 404)


def test_colleague_does_not_read_anothers_notices(signed_in, private, bob):
    assert signed_in(bob).get(f"/notices/{private['notice']}").status_code == 404
