"""``likeness evaluate`` as a person types it: searches, groups, and the page."""

import json
from pathlib import Path

import pytest
from PIL import Image

from likeness.datasets import drawn_faces, folder
from likeness.encoders import convnet
from likeness.images.preparation import Preparation
from likeness.model.siamese_model import SiameseModel

from .conftest import run, run_here


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, photos of six people, and labels of them; one person's photos were learned."""
    place = tmp_path_factory.mktemp("evaluate")
    people = drawn_faces(identities=6, photos_each=3, size=(28, 23), seed=1)
    for name, item in zip(people.item_names, people.items, strict=True):
        file = place / "photos" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0]).save(file)
    read = folder(place / "photos")
    known = read.of(read.distinct[:1])
    SiameseModel(
        preparation=Preparation(rows=16, columns=12),
        encoder=convnet((16, 12, 1), embedding_size=5, width=2, seed=0),
        energy="euclidean",
        threshold=0.5,
        record={
            "recipe": {"seed": 0},
            "data": {
                "identities": list(known.distinct),
                "item_digests": [digest[:16] for digest in known.item_digests],
            },
        },
    ).save(place / "model")
    rows = [f"{name},{'yes' if i % 2 else 'no'}" for i, name in enumerate(read.distinct)]
    (place / "labels.csv").write_text("\n".join(["person,glasses", *rows]))
    return place


def test_the_page_the_tables_and_the_json_agree(place: Path) -> None:
    result = run(
        "evaluate", "model", "photos", "--groups", "labels.csv",
        "--report", "page", "--json", "found.json", cwd=place,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    document = json.loads((place / "found.json").read_text())
    assert document["open_set"]["counts"]["enrolled"] == 3
    assert document["cmc"]["network"][-1] == 1.0
    assert [group["people"] for group in document["groups"][0]["groups"]] == [3, 3]
    report = json.loads((place / "page" / "report.json").read_text())
    (shown,) = report["protocols"]
    assert shown.pop("evidence")["folds"]
    assert shown == document
    said = " ".join(result.stdout.split())
    for words in (
        "open-set, 3 of 6 people enrolled, the others strangers",
        "not a suitable operating point for an open set",
        "By glasses",
        "yes: 3 people, fewer than 10",
        "at rank 1",
        "Leak: 1 of the 6 test people",
        "The report: page/report.html",
    ):
        assert words in said, words
    page = (place / "page" / "report.html").read_text()
    assert "This protocol leaks" in page
    assert "By glasses" in page
    assert "Open set: DET" in page


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,glasses\nx,yes\n", "expected a column 'person'"),
        ("person,glasses\nnobody,yes\n", "1 of the 1 people are not in the data: 'nobody'"),
    ],
)
def test_labels_that_do_not_fit_stop_it_before_anything_is_written(
    place: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "bad.csv").write_text(text)
    words = ["--groups", str(tmp_path / "bad.csv"), "--report", "none", "--json", "none.json"]
    result = run_here("evaluate", "model", "photos", *words, cwd=place)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (place / "none").exists()
    assert not (place / "none.json").exists()


def test_a_page_cannot_take_the_place_of_a_file(place: Path) -> None:
    result = run_here("evaluate", "model", "photos", "--report", "labels.csv", cwd=place)
    assert result.returncode == 2
    assert "--report: expected a folder. Received: labels.csv, a file." in result.stderr
    assert (place / "labels.csv").read_text().startswith("person")
