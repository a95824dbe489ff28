"""The benchmark of similar sentences, run whole on a few made-up pairs."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.questions.__main__ import app, described, gain_of
from benchmarks.questions.baselines import averaged, best_on, characters, words
from typer.testing import CliRunner

from likeness.tasks.sentences.sentence_pairs import SentencePairs, spearman
from likeness.tasks.sentences.sts import sts as sts_module  # noqa: F401

THINGS = ("cat", "dog", "car", "house", "river", "garden", "piano", "window")


def made(part: str, count: int = 40) -> SentencePairs:
    rng = np.random.default_rng(sum(map(ord, part)))
    left, right, scores = [], [], []
    for number in range(count):
        one, other = rng.choice(THINGS, 2)
        left.append(f"a {one} stands in {part} street {number}")
        right.append(f"there is a {other} in {part} street {number}")
        scores.append(4.5 if one == other or number % 3 == 0 else float(rng.uniform(0, 2)))
        if number % 3 == 0:
            right[-1] = f"the {one} stands in {part} street {number}"
    return SentencePairs(left=left, right=right, scores=np.array(scores), name=part)


def as_csv(pairs: SentencePairs) -> bytes:
    rows = zip(pairs.scores, pairs.left, pairs.right, strict=True)
    return "".join(f"g\tf\ty\t1\t{score}\t{a}\t{b}\n" for score, a, b in rows).encode()


def test_the_whole_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {}
    for part in ("train", "dev", "test"):
        content = as_csv(made(part))
        (tmp_path / f"sts-{part}.csv").write_bytes(content)
        digests[part] = hashlib.sha256(content).hexdigest()
    import sys

    monkeypatch.setattr(sys.modules["likeness.tasks.sentences.sts"], "DIGESTS", digests)
    settings = ["buckets=256", "embedding_size=32", "epochs=1", "batch_size=16"]
    options = [word for setting in settings for word in ("--set", setting)]
    options += ["--data", str(tmp_path), "--seeds", "1", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.exception
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(document["methods"]) == {
        "tfidf_words",
        "tfidf_characters",
        "averaged_vectors",
        "contrastive",
        "correlation",
    }
    for method in document["methods"].values():
        for part in ("dev", "test"):
            assert -1 <= method["figures"][part]["spearman"] <= 1
    table = (tmp_path / "out" / "results.md").read_text()
    assert table.count("\n| ") == 7  # heads, a line, and five methods
    assert "likeness, correlation" in table and "points, the same pairs drawn for both" in table


@pytest.mark.parametrize("family", [words, characters, averaged])
def test_baselines_tell_pairs_apart_and_the_best_is_taken(family: Any) -> None:
    training, dev = made("train"), made("dev")
    best = best_on(family(list(training.sentences)), dev)
    assert best["tried"][best["settings"]] == max(best["tried"].values())
    energies = best["method"](dev)
    assert energies.shape == (len(dev),) and (energies > -1e-9).all()
    assert spearman(dev.scores, -energies) == pytest.approx(max(best["tried"].values()), abs=1e-4)


def test_what_the_parts_share() -> None:
    learned = SentencePairs(left=["a"], right=["b"], scores=[1], name="l")
    test = SentencePairs(left=["a", "c", "d"], right=["c", "e", "f"], scores=[1, 2, 3], name="t")
    found = described({"train": learned, "test": test})["test"]
    assert found["sentences_in_training"] == 1
    assert found["pairs_with_a_shared_sentence"] == 2
    assert found["sentences"] == 5


def test_the_gain_of_a_better_method() -> None:
    pairs = made("test", 200)
    noise = np.random.default_rng(0).normal(size=200)
    found = gain_of([-pairs.scores], -pairs.scores + 3 * noise, pairs)
    assert 0 < found["low"] < found["difference"] < found["high"]
    same = gain_of([noise], noise, pairs)
    assert same == {"difference": 0.0, "low": 0.0, "high": 0.0}
