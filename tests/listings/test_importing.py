"""Somebody's spreadsheet becomes listings."""

import io
import json

import pytest
from click.testing import CliRunner
from conftest import a_person, join
from sqlalchemy import func, select

from marketplace import outbox
from marketplace.db import session, transaction
from marketplace.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.listings import exporting, import_jobs, importing, storing
from marketplace.listings.fields import fields_of, value
from marketplace.listings.headings import column_headings, guess
from marketplace.listings.models import ImportState, Kind, Listing, ListingVersion, State
from marketplace.listings.sheets import csv_text, open_sheet
from marketplace.organisations.models import Role

GOOD = {
    "编号": "A-1",
    "成果名称": "阻燃电解液",
    "成果类型": "技术成果",
    "摘要": "遇火自熄的锂电池电解液。",
    "关键词": "锂电池；电解液",
    "技术领域": "新能源",
    "地区": "广东省深圳市",
    "解决的问题": "储能电站起火。",
    "技术方案": "含氟磷酸酯。",
    "优势": "自熄时间 0 s。",
    "技术指标": "电导率 8.9 mS/cm",
    "成熟度": "6级",
    "成熟度说明": "100 kWh 柜运行 14 个月",
    "合作方式": "技术许可、技术开发",
    "许可排他性": "普通",
    "报价方式": "参考价",
    "金额": "80万元",
    "合作设想": "共同中试",
}


@pytest.fixture
def csv(tmp_path):
    def write(*given, name="a.csv"):
        path = tmp_path / name
        columns = list(dict.fromkeys(column for row in given for column in row))
        path.write_text("".join(csv_text(columns, [[row.get(c) for c in columns] for row in given])), encoding="utf-8")
        return path

    return write


def take_in(path, organisation, state=State.PUBLISHED, kind=Kind.RESULT, dry_run=False, **plan):
    sheet = open_sheet(path)
    planned = importing.plan(kind, sheet.headings(), state=state, **plan)
    total, rejected = importing.Report(), []
    for report, rejections in importing.run(storing.Target(organisation.id), planned, sheet.rows(), dry_run=dry_run):
        for name in ("new", "changed", "unchanged", "rejected"):
            setattr(total, name, getattr(total, name) + getattr(report, name))
        total.notes += report.notes
        rejected += rejections
    return total, rejected


def test_chinese_headings_and_words_become_fields_and_codes(institute, csv):
    report, _ = take_in(csv(GOOD), institute)
    assert (report.new, report.rejected) == (1, 0)
    listing = session.scalars(select(Listing)).one()
    assert (listing.state, listing.external_id, listing.field, listing.region) == (
        State.PUBLISHED,
        "A-1",
        "new_energy",
        "440300",
    )
    assert (listing.trl, listing.modes, listing.price_amount, listing.price_currency) == (
        6,
        ["development", "licence"],
        800_000,
        "CNY",
    )
    assert listing.keywords == ["锂电池", "电解液"] and listing.language == "zh"
    assert session.scalars(select(ListingVersion.number)).all() == [1]


def test_the_same_file_twice_changes_nothing_and_a_changed_row_only_itself(institute, csv):
    other = {**GOOD, "编号": "A-2"}
    take_in(csv(GOOD, other), institute)
    again, _ = take_in(csv(GOOD, other), institute)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    third, _ = take_in(csv({**GOOD, "成果名称": "新的名称"}, other), institute)
    assert (third.changed, third.unchanged) == (1, 1)
    assert session.scalars(select(Listing.title).where(Listing.external_id == "A-1")).one() == "新的名称"


def test_rows_without_an_id_are_known_by_what_they_say(institute, csv):
    row = {k: v for k, v in GOOD.items() if k != "编号"}
    first, _ = take_in(csv(row, row), institute)
    again, _ = take_in(csv(row, row), institute)
    assert (first.new, first.unchanged, again.new, again.unchanged) == (1, 1, 0, 2)


def test_an_id_that_stands_twice_in_a_file_is_rejected_the_second_time(institute, csv):
    report, rejected = take_in(csv(GOOD, {**GOOD, "成果名称": "另一个"}), institute)
    assert (report.new, report.rejected) == (1, 1)
    assert rejected[0].line == 3 and "A-1" in rejected[0].problems[0].message


def test_bad_rows_name_their_line_column_and_reason_and_the_others_go_in(institute, csv):
    bad = {**GOOD, "编号": "A-2", "技术领域": "炼金术", "成熟度": "12", "金额": "很多"}
    report, rejected = take_in(csv(GOOD, bad), institute)
    assert (report.new, report.rejected) == (1, 1)
    assert rejected[0].line == 3
    assert {p.column for p in rejected[0].problems} == {"技术领域", "成熟度", "金额"}


def test_a_missing_column_is_told_for_submission_but_a_draft_may_lack_it(institute, csv):
    row = {"标题": "只有标题"}
    published, rejected = take_in(csv(row), institute)
    assert published.rejected == 1 and "summary" in {p.column for p in rejected[0].problems}
    drafts, _ = take_in(csv(row), institute, state=State.DRAFT)
    assert drafts.new == 1


def test_drafts_brought_in_before_are_published_by_a_later_import(institute, csv):
    take_in(csv(GOOD), institute, state=State.DRAFT)
    report, _ = take_in(csv(GOOD), institute, state=State.PUBLISHED)
    assert report.changed == 1
    assert session.scalars(select(Listing)).one().state is State.PUBLISHED


def test_a_dry_run_says_the_same_and_writes_nothing(institute, csv):
    report, _ = take_in(csv(GOOD, {**GOOD, "编号": "A-2", "成熟度": "x"}), institute, dry_run=True)
    assert (report.new, report.rejected) == (1, 1)
    assert session.scalar(select(func.count()).select_from(Listing)) == 0


def test_a_long_summary_ends_at_a_sentence_and_nothing_of_it_is_lost(institute, csv):
    long = "这是一句话。" * 120
    row = {k: v for k, v in {**GOOD, "摘要": long}.items() if k != "技术方案"}
    report, _ = take_in(csv(row), institute)
    listing = session.scalars(select(Listing)).one()
    assert report.notes["shortened"] == 1
    assert len(listing.summary) <= 500 and listing.summary.endswith("。") and listing.details["how_it_works"] == long
    _, rejected = take_in(csv({**GOOD, "编号": "B", "摘要": long}), institute)
    assert rejected[0].problems[0].column == "摘要"


def test_defaults_fill_what_a_source_lacks_and_are_checked_first(institute, csv):
    row = {k: v for k, v in GOOD.items() if k != "地区"}
    report, _ = take_in(csv(row), institute, defaults={"region": "Shenzhen"})
    assert report.new == 1
    with pytest.raises(Invalid):
        take_in(csv(row), institute, defaults={"field": "炼金术"})


@pytest.mark.parametrize("asked", [{"titel": "成果名称"}, {"title": "没有这一列"}])
def test_a_mapping_that_cannot_work_names_what_there_is(institute, csv, asked):
    with pytest.raises(Invalid) as refused:
        take_in(csv(GOOD), institute, asked=asked)
    assert ("title" if "titel" in asked else "成果名称") in refused.value.fields["map"]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_heading_of_the_template_is_recognised(kind, language):
    headings = column_headings(kind, language)
    assert guess(kind, [f"{heading}*" for heading in headings.values()]) == {n: f"{h}*" for n, h in headings.items()}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_export_comes_back_as_what_it_was(institute, company, csv, tmp_path, language, ending):
    ip = "发明专利 | ZL202610012345.6 | 已授权 | 中国 | 北辰大学 60%, 越海公司 40%"
    take_in(csv({**GOOD, "知识产权": ip, "IPC": "H01M 10/0567", "行业": "C38", "标题说明": "=1+1"}), institute)
    path = tmp_path / f"out.{ending}"
    assert exporting.to_file(path, Kind.RESULT, [institute.id], language) == 1
    report, rejected = take_in(path, company)
    assert (report.new, [p.message for r in rejected for p in r.problems]) == (1, [])
    before, after = session.scalars(select(Listing).order_by(Listing.id)).all()
    for field in fields_of(Kind.RESULT):
        if field.name != "source":
            assert value(after, field.name) == value(before, field.name), field.name
    assert after.details["ip"][0]["co_owners"] == [
        {"name": "北辰大学", "share": 60.0},
        {"name": "越海公司", "share": 40.0},
    ]


def upload(actor, organisation, text, name="a.csv"):
    return import_jobs.upload(actor, organisation, Kind.RESULT, name, io.BytesIO(text.encode()))


def as_csv(*rows):
    columns = list(rows[0])
    return "".join(csv_text(columns, [[row[c] for c in columns] for row in rows]))


def test_a_job_is_tried_then_imported_and_gives_its_rejected_rows_back(alice, institute):
    job = upload(alice, institute, as_csv(GOOD, {**GOOD, "编号": "A-2", "成熟度": "99"}))
    import_jobs.check(alice, job, job.mapping, {}, State.SUBMITTED)
    outbox.drain()
    session.refresh(job)
    assert (job.state, job.counts["new"], job.counts["rejected"]) == (ImportState.CHECKED, 1, 1)
    assert session.scalar(select(func.count()).select_from(Listing)) == 0
    import_jobs.start(alice, job)
    with pytest.raises(Conflict):
        import_jobs.start(alice, job)
    outbox.drain()
    session.refresh(job)
    assert job.state is ImportState.DONE
    assert session.scalars(select(Listing.state)).one() is State.SUBMITTED
    [(line, row, problems)] = import_jobs.rejections(job)
    assert line == 3 and row["编号"] == "A-2" and problems[0][0] == "成熟度"


def test_a_long_job_takes_turns_and_goes_on_where_it_was(alice, institute, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    monkeypatch.setattr(import_jobs, "TURN", -1.0)
    rows = [{**GOOD, "编号": f"A-{n}"} for n in range(5)]
    job = upload(alice, institute, as_csv(*rows, rows[0]))
    import_jobs.check(alice, job, job.mapping, {}, State.DRAFT)
    while outbox.drain():
        pass
    import_jobs.start(alice, job)
    turns = 0
    while outbox.drain():
        turns += 1
    session.refresh(job)
    assert turns >= 3 and (job.counts["new"], job.counts["rejected"], job.position) == (5, 1, 6)


def test_an_editors_rows_wait_for_the_admin_where_the_organisation_wants_it(bob, institute):
    with transaction():
        institute.requires_approval = True
    job = upload(bob, institute, as_csv(GOOD))
    import_jobs.check(bob, job, job.mapping, {}, State.SUBMITTED)
    outbox.drain()
    session.refresh(job)
    import_jobs.start(bob, job)
    outbox.drain()
    assert session.scalars(select(Listing.state)).one() is State.AWAITING_APPROVAL


def test_fields_without_a_column_keep_what_people_wrote_by_hand(institute, csv):
    take_in(csv(GOOD), institute)
    with transaction():
        session.scalars(select(Listing)).one().details = {"territory": "中国", "problem": "手写"}
    take_in(
        csv({k: v for k, v in {**GOOD, "成果名称": "新名"}.items() if k != "解决的问题"}),
        institute,
        defaults={"problem": "x"},
    )
    details = session.scalars(select(Listing)).one().details
    assert (details["territory"], details["problem"]) == ("中国", "x")


def test_only_those_who_write_for_the_organisation_import_into_it(alice, bob, charlie, institute):
    with pytest.raises(Forbidden):
        upload(charlie, institute, as_csv(GOOD))
    job = upload(alice, institute, as_csv(GOOD))
    assert import_jobs.get(bob, job.key) is job
    with pytest.raises(NotFound):
        import_jobs.get(charlie, job.key)


def test_pages_lead_from_the_file_to_the_rejected_rows(alice, signed_in):
    browser = signed_in(alice)
    assert browser.get("/listings/import").status_code == 200
    content = as_csv(GOOD, {**GOOD, "编号": "A-2", "成熟度": "99"}).encode()
    form = {"kind": "result", "organisation": "institute", "file": (io.BytesIO(content), "成果.csv")}
    page = browser.post("/listings/import", data=form, content_type="multipart/form-data")
    address = page.headers["Location"]
    mapping = browser.get(address).get_data(as_text=True)
    assert "We recognised 18 of 18 columns" in mapping
    sent = {f"column.{name}": column for name, column in guess(Kind.RESULT, list(GOOD)).items()}
    assert browser.post(address, data={**sent, "state": "draft"}).status_code == 302
    assert "Reading the file" in browser.get(address).get_data(as_text=True)
    outbox.drain()
    report = browser.get(address).get_data(as_text=True)
    assert "99" in report and "Import these rows" in report
    browser.post(address + "/start")
    outbox.drain()
    assert "What happened" in browser.get(address).get_data(as_text=True)
    rejected = browser.get(address + "/rejected.csv").get_data(as_text=True)
    assert "A-2" in rejected and "99" in rejected
    exported = browser.get("/listings/export.csv?kind=result").get_data(as_text=True)
    assert "阻燃电解液" in exported
    assert browser.get("/listings/template.xlsx?kind=need").data[:2] == b"PK"


def test_what_was_chosen_comes_back_when_the_mapping_cannot_work(alice, signed_in):
    browser = signed_in(alice)
    form = {"kind": "result", "organisation": "institute", "file": (io.BytesIO(as_csv(GOOD).encode()), "a.csv")}
    address = browser.post("/listings/import", data=form, content_type="multipart/form-data").headers["Location"]
    page = browser.post(address, data={"column.title": "成果名称", "default.region": "亚特兰蒂斯", "state": "draft"})
    text = page.get_data(as_text=True)
    assert page.status_code == 422 and "亚特兰蒂斯" in text and "<option selected>成果名称</option>" in text


def test_a_stranger_meets_neither_the_import_nor_its_files(alice, charlie, institute, signed_in, client):
    job = upload(alice, institute, as_csv(GOOD))
    viewer = a_person("viewer@institute.example")
    join(viewer, institute, Role.VIEWER)
    for path in ("", "/rejected.csv"):
        assert signed_in(charlie).get(f"/listings/import/{job.key}{path}").status_code == 404
        assert client.get(f"/listings/import/{job.key}{path}").status_code == 302
    assert signed_in(charlie).post(f"/listings/import/{job.key}/start").status_code == 404
    assert signed_in(viewer).get("/listings/import").status_code == 403
    assert "Import" not in signed_in(charlie).get("/listings/export.csv?kind=result").get_data(as_text=True)


def test_the_command_imports_and_says_what_it_did(institute, csv, monkeypatch, tmp_path):
    from marketplace.cli import yinqiao
    from marketplace.commands import ready

    monkeypatch.setattr(ready, "settings", lambda: None)
    path = csv(GOOD, {**GOOD, "编号": "A-2", "成熟度": "99"})
    arguments = ["import", str(path), "--kind", "result", "--organisation", "institute", "--state", "published"]
    done = CliRunner().invoke(yinqiao, arguments)
    assert done.exit_code == 0, done.output
    assert "1 new" in done.output and "line 3: 成熟度" in done.output
    assert "A-2" in (tmp_path / "a.csv.rejected.csv").read_text()
    for wrong in (
        ["--organisation", "nobody"],
        ["--map", "title"],
        ["--map", "title=Nothing"],
        ["--default", "trl=12"],
    ):
        assert CliRunner().invoke(yinqiao, arguments + wrong).exit_code != 0
    out = tmp_path / "out.csv"
    assert CliRunner().invoke(yinqiao, ["export", str(out), "--kind", "result"]).exit_code == 0
    assert "阻燃电解液" in out.read_text()


def test_json_lines_keep_their_lists(institute, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": 7, "title": "Gear noise", "keywords": ["gear", "noise"]}) + "\n")
    take_in(path, institute, state=State.DRAFT)
    listing = session.scalars(select(Listing)).one()
    assert (listing.keywords, listing.external_id, listing.language) == (["gear", "noise"], "7", "en")
