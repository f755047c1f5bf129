import gzip
import json
import random

import pytest
from click.testing import CliRunner
from conftest import DATA

from marketplace.cli import yinqiao
from marketplace.matching import judged, measures

KEYS = {"ndcg@10", "auc", "mrr", "recall@10", "recall@100", "baseline"}
OBJECTS = ["锂电池隔膜", "污水处理药剂", "焊接机器人", "小麦种子", "钢铁轧机"]


def run(*arguments):
    return CliRunner().invoke(yinqiao, ["matching", "evaluate", *map(str, arguments)])


def figures(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture
def pools(tmp_path):
    """Each need is about one thing; results about it are strong, the others are not."""
    needs = [{"id": f"n{at}", "title": f"{name}的研发", "text": f"我们需要{name}，现有的不够好。"}
             for at, name in enumerate(OBJECTS)]
    rows = [f"n{at},r{at}-{to}-{n},{4 if at == to else 1},{other} {'工艺' if n else '材料'}"
            for at in range(5) for to, other in enumerate(OBJECTS) for n in range(2)]
    write_pools(tmp_path, needs, rows)
    return tmp_path


def write_pools(folder, needs, rows):
    (folder / "needs.jsonl").write_text("\n".join(map(json.dumps, needs)), "utf-8")
    (folder / "judgements.csv").write_text("\n".join(["need_id,result_id,level,result_title_terms", *rows]), "utf-8")


@pytest.fixture
def qrels(tmp_path):
    things = ["lithium separators", "wastewater reagents", "welding robots", "wheat seeds", "rolling mills"]
    described = "TECHNOLOGY AREA: all\nOBJECTIVE: Develop better {}.\n\nDESCRIPTION: Many words about laws."
    needs = [{"id": f"T{at}", "title": thing.title(), "description": described.format(thing)}
             for at, thing in enumerate(things)]
    results = [{"id": f"A{at}", "title": f"Secret {at}", "abstract": f"A study of {thing} for industry."}
               for at, thing in enumerate(things)]
    pack(tmp_path / "needs.jsonl.gz", needs)
    pack(tmp_path / "results.jsonl.gz", results)
    rows = [f"T{at}\tA{at}\t1" for at in range(5)]
    (tmp_path / "qrels.tsv").write_text("\n".join(["need_id\tresult_id\trel", *rows]))
    return tmp_path


def pack(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(row) for row in rows))


def test_pools_are_measured_beside_the_baseline(pools):
    told = figures(pools)
    assert set(told) == KEYS and set(told["baseline"]) == KEYS - {"baseline"}
    assert told["ndcg@10"] == told["auc"] == 1.0 and told["mrr"] is None and told["recall@10"] is None
    assert 0.9 < told["baseline"]["auc"] <= 1 and told["baseline"]["mrr"] is None


def test_every_result_is_looked_among_for_each_need(qrels):
    told = figures(qrels, "--hide-result-titles")
    assert set(told) == KEYS
    assert told["mrr"] == told["recall@10"] == told["recall@100"] == 1.0 and told["auc"] is None
    assert told["baseline"]["mrr"] == 1.0 and told["baseline"]["ndcg@10"] is None


def test_table_for_people_names_both(pools):
    shown = run(pools).stdout
    assert "matching" in shown and "BM25" in shown and "weights: default" in shown and "50 judged pairs" in shown


def test_objective_is_what_stands_under_its_heading(qrels):
    need = judged.read(qrels).needs["T0"]
    assert need.summary == "Develop better lithium separators." and "laws" not in str(need.details)
    assert "laws" in judged.read(qrels, whole_needs=True).needs["T0"].details["situation"]


def test_hidden_titles_are_hidden(qrels):
    assert judged.read(qrels, hide_titles=True).results["A0"].title == ""
    assert judged.read(qrels).results["A0"].title == "Secret 0"


def test_absent_folder_is_named(tmp_path):
    answer = run(tmp_path / "nowhere")
    assert answer.exit_code == 1 and "there is no folder" in answer.output and "nowhere" in answer.output


def test_folder_of_neither_layout_is_told_what_it_lacks(tmp_path):
    answer = run(tmp_path)
    assert answer.exit_code == 1 and "judgements.csv" in answer.output and "qrels.tsv" in answer.output


def test_empty_file_is_named(pools):
    (pools / "needs.jsonl").write_text("")
    answer = run(pools)
    assert answer.exit_code == 1 and "needs.jsonl is empty" in answer.output


def test_missing_column_is_named(pools):
    (pools / "judgements.csv").write_text("need_id,result_id,level\nn0,r0,4\n")
    answer = run(pools)
    assert answer.exit_code == 1 and "result_title_terms" in answer.output


def test_what_is_wrong_is_counted_and_named_and_the_rest_goes_on(pools):
    with (pools / "judgements.csv").open("a") as file:
        file.write("\nstranger,r1,4,锂电池\nn0,r-x,7,锂电池\nn0,r-y,,锂电池\n")
    with (pools / "needs.jsonl").open("a") as file:
        file.write("\n{broken\n[1]\n")
    answer = run(pools, "--json")
    assert answer.exit_code == 0 and json.loads(answer.stdout)["auc"] == 1.0
    assert "1 judgements of unknown needs left out: stranger (line 52 of judgements.csv)" in answer.stderr
    assert "2 levels that are none of 1, 2, 3, 4 left out: '7' (line 53" in answer.stderr
    assert "2 lines of needs.jsonl left out: line 6:" in answer.stderr


def test_unknown_refs_among_the_pairs_are_named(qrels):
    with (qrels / "qrels.tsv").open("a") as file:
        file.write("\nT9\tA1\t1\nT1\tA9\t1\n")
    answer = run(qrels, "--json")
    assert answer.exit_code == 0 and json.loads(answer.stdout)["recall@100"] == 1.0
    assert "pairs of unknown needs left out: T9 (line 7" in answer.stderr and "A9 (line 8" in answer.stderr


def test_no_usable_judgement_is_no_figure(pools):
    write_pools(pools, [{"id": "other", "title": "x"}], ["n0,r0,4,锂电池"])
    answer = run(pools)
    assert answer.exit_code == 1 and "no judgement that could be used" in answer.output


def test_file_that_is_not_packed_is_refused(qrels):
    (qrels / "needs.jsonl.gz").write_text("not packed")
    answer = run(qrels)
    assert answer.exit_code == 1 and "needs.jsonl.gz cannot be read" in answer.output


def test_titles_cannot_be_hidden_where_there_is_nothing_else(pools):
    answer = run(pools, "--hide-result-titles")
    assert answer.exit_code == 1 and "nothing but titles" in answer.output


def test_best_order_has_an_ndcg_of_one_and_the_worst_less():
    levels = [4, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    best = measures.ndcg([(-place, level) for place, level in enumerate(levels)])
    worst = measures.ndcg([(place, level) for place, level in enumerate(levels)])
    assert best == 1.0 and worst < 0.3
    assert measures.ndcg([(0.5, 1)] * 12) is None


def test_equal_scores_share_their_places():
    levels = [4, 1, 1, 1]
    assert measures.ndcg([(1, level) for level in levels]) == measures.ndcg([(1, level) for level in levels[::-1]])


def test_each_pool_is_judged_by_itself():
    """Needs of which little is said score lower throughout; that says nothing of the order within them."""
    rows = [("a", 9.0, 4), ("a", 8.0, 1), ("b", 2.0, 3), ("b", 1.0, 2), ("c", 5.0, 1)]
    told = measures.of_pools(rows)
    assert told["auc"] == 1.0 and told["auc_as_one_pool"] == pytest.approx(4 / 6)


def test_auc_is_the_share_of_pairs_in_the_right_order():
    assert measures.auc([(3, True), (2, False), (1, True), (0, False)]) == 0.75
    assert measures.auc([(1, True), (1, False)]) == 0.5
    assert measures.auc([(1, True)]) is None
    rows = [(random.Random(at).random(), at % 2 == 0) for at in range(200)]
    assert measures.auc(rows) + measures.auc([(-score, good) for score, good in rows]) == pytest.approx(1)


def test_result_that_is_not_found_counts_nothing():
    told = measures.of_ranks({"n": [1, None], "m": [None]})
    assert told == {"mrr": 0.5, "recall@10": 0.25, "recall@100": 0.25}


@pytest.mark.skipif(not (DATA / "zh_judged").is_dir(), reason="the judged pairs are not on this machine")
def test_chinese_pairs_are_ranked_better_than_bm25_does():
    told = figures(DATA / "zh_judged")
    assert told["ndcg@10"] >= 0.62 and told["auc"] >= 0.735
    assert told["ndcg@10"] > told["baseline"]["ndcg@10"] + 0.04
