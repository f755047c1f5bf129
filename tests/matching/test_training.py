import json

import pytest
from click.testing import CliRunner
from conftest import a_listing
from test_evaluating import OBJECTS, write_pools

from marketplace.cli import yinqiao
from marketplace.commands import matching as command
from marketplace.db import session
from marketplace.listings.models import Kind
from marketplace.matching import feedback, training, weights
from marketplace.matching.features import Features
from marketplace.matching.models import Reason
from marketplace.matching.scoring import score

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install 'yinqiao[train]'")


@pytest.fixture
def folder(tmp_path):
    needs = [{"id": f"n{at}", "title": f"{name}的研发"} for at, name in enumerate(OBJECTS)]
    rows = [f"n{at},r{at}-{to}-{n},{(4, 3)[n % 2] if at == to else (1, 2)[n % 2]},{other} 材料 {'甲乙丙丁戊己'[n]}"
            for at in range(5) for to, other in enumerate(OBJECTS) for n in range(6)]
    write_pools(tmp_path, needs, rows)
    return tmp_path


@pytest.fixture
def run(monkeypatch, app):
    """The command on the test's database."""
    monkeypatch.setattr(command.ready, "settings", lambda: None)
    yield lambda *words: CliRunner().invoke(yinqiao, ["matching", *map(str, words)])
    weights.forget()


def test_trained_weights_are_kept_and_score_once_accepted(run, folder):
    answer = run("train", folder)
    assert answer.exit_code == 0 and "cross-validated by need 1.0000" in answer.output, answer.output
    assert weights.current().name == "default"
    number = answer.output.split("number ")[1].split(".")[0]
    assert run("model", number, "--accept").exit_code == 0
    assert weights.current().name == f"number {number}"
    assert run("model", "0", "--accept").exit_code == 0
    assert weights.current().name == "default"


def test_people_can_read_the_weights(run, folder, tmp_path):
    assert run("train", folder, "--to", tmp_path / "made.json").exit_code == 0
    made = json.loads((tmp_path / "made.json").read_text())
    assert made["version"] == weights.VERSION and folder.name in made["about"]
    assert made["trained_on"] == {"pairs": 150, "strong": 30, "needs": 5, "with_meaning": 0}
    assert all(value >= 0 for name, value in made["text"].items() if name != "start")
    assert set(made["figures"]["words_alone"]) == {"same_pairs", "cross_validated"}


def test_unknown_number_is_told(run):
    answer = run("model", 99)
    assert answer.exit_code == 1


def test_too_few_judgements_are_refused(run, folder):
    write_pools(folder, [{"id": "n", "title": "锂电池"}], ["n,r,4,锂电池", "n,s,1,小麦"])
    answer = run("train", folder)
    assert answer.exit_code == 1 and "2 judgements, 1 of them" in answer.output


def test_feedback_of_the_subject_trains_and_other_reasons_do_not(institute, company, charlie):
    need = a_listing(company, Kind.NEED)
    far, dear = a_listing(institute), a_listing(institute)
    feedback.not_relevant(charlie, need, far, Reason.WRONG_OBJECT)
    feedback.not_relevant(charlie, need, dear, Reason.PRICE)
    assert [one.level for one in training.from_feedback()] == [1]


def test_weights_of_another_version_do_not_score(app):
    with_other = {**weights.shipped().content, "version": weights.VERSION + 1}
    weights.store(with_other, accept=True)
    assert weights.current().name == "default"
    session.rollback()


def test_shipped_weights_say_what_they_were_trained_on():
    content = weights.shipped().content
    assert "zh_judged" in content["about"] and content["trained_on"]["pairs"] > 6_000
    assert content["figures"]["words_alone"]["cross_validated"]["ndcg@10"] >= 0.62


def test_score_rises_with_probability_and_sixty_is_one_half():
    steps = [weights.points_of(at / 100, 0.02) for at in range(101)]
    assert steps == sorted(steps) and steps[2] == 0 and steps[50] == 60 and steps[100] == 100


def test_score_rises_with_every_likeness():
    low = {"words": 0.3, "phrases": 0.2, "answered": 0.3, "phrases_answered": 0.2, "titles": 0.3}
    for more in ({}, {"meaning": 0.2}):
        before = score(Features({**low, **more}, {})).likely
        for name in {**low, **more}:
            assert score(Features({**low, **more, name: 0.9}, {})).likely > before
