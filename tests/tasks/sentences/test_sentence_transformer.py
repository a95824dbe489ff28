"""Models of Sentence-Transformers: by a fake of the same API, and by a small real one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.errors import DataError, MissingExtraError, ModelError, NoThresholdError
from likeness.recogniser.gallery import GalleryModel, create_gallery
from likeness.tasks.sentences.questions import Question, QuestionSearch
from likeness.tasks.sentences.sentence_transformer import SentenceTransformerModel


class Fake:
    """``encode`` as the package has it: a vector of letter counts."""

    def __init__(self, *, broken: bool = False) -> None:
        self.settings: dict[str, Any] = {}
        self.broken = broken

    def encode(self, sentences: list[str], **settings: Any) -> Any:
        self.settings = settings
        if self.broken or not sentences:
            return np.zeros(0)
        rows = np.array([[text.count(letter) + 0.1 for letter in "aeiou"] for text in sentences])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def model(**changes: Any) -> SentenceTransformerModel:
    return SentenceTransformerModel(**{"encoder": Fake(), "fingerprint": "f" * 64, **changes})


def test_it_embeds_as_the_package_is_asked_to() -> None:
    fake = Fake()
    found = model(encoder=fake, batch_size=8).embed(["aa", "bee"])
    assert found.shape == (2, 5) and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert fake.settings == {
        "batch_size": 8,
        "convert_to_numpy": True,
        "normalize_embeddings": True,
        "show_progress_bar": False,
    }
    assert model().embed([]).shape == (0, 5)


def test_it_compares_and_decides() -> None:
    opened = model(threshold=0.1)
    assert opened.energies(["aa"], ["aaa", "ee"]).shape == (1, 2)
    assert opened.is_same("banana", "canada")
    assert not opened.is_same("banana", "bee")
    with pytest.raises(NoThresholdError, match="has no threshold"):
        model().is_same("a", "b")


def test_it_searches_questions_like_ours() -> None:
    opened = model(threshold=0.05)
    with create_gallery(":memory:", GalleryModel.of(opened)) as gallery:
        search = QuestionSearch(model=opened, gallery=gallery)
        search.enrol([Question(text="aaa"), Question(text="eee")])
        assert search.find("aa").nearest[0].question == "aaa"
        assert search.find("ooo").status == "unknown"


@pytest.mark.parametrize("texts", ["one text", [1], [b"bytes"]])
def test_what_is_no_text(texts: Any) -> None:
    with pytest.raises(DataError, match=r"^texts: expected a list of texts"):
        model().embed(texts)


def test_an_encoder_that_gives_something_else() -> None:
    with pytest.raises(ModelError, match=r"^expected one row of numbers per text"):
        model(encoder=Fake(broken=True)).embed(["a"])


def folder_with(place: Path, **files: bytes) -> Path:
    (place / "modules.json").write_text("[]")
    for name, data in files.items():
        (place / name.replace("_dot_", ".")).write_bytes(data)
    return place


def test_a_folder_that_holds_none(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelError, match=r"with modules.json, .* nothing is downloaded"):
            SentenceTransformerModel.open(place)


@pytest.mark.parametrize("name", ["pytorch_model_dot_bin", "weights_dot_pt", "model_dot_py"])
def test_what_runs_when_it_is_loaded_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"expected weights as safetensors and no code"):
        SentenceTransformerModel.open(folder_with(tmp_path, **{name: b""}))


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"`pip install sentence-transformers`\.$"):
        SentenceTransformerModel.open(folder_with(tmp_path))


class TestARealOne:
    """Built here: a vocabulary of a few words, and a vector for each."""

    @pytest.fixture
    def saved(self, tmp_path: Path) -> Path:
        package = pytest.importorskip("sentence_transformers")
        tokenizers = pytest.importorskip("tokenizers")
        static = pytest.importorskip("sentence_transformers.models").StaticEmbedding
        words = ["[UNK]", "how", "do", "i", "reset", "my", "password", "cancel", "order"]
        tokenizer = tokenizers.Tokenizer(
            tokenizers.models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]")
        )
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        vectors = np.random.default_rng(0).normal(size=(len(words), 16)).astype(np.float32)
        module = static(tokenizer, embedding_weights=vectors)
        made = package.SentenceTransformer(modules=[module], device="cpu")
        made.save(str(tmp_path / "small"))
        return tmp_path / "small"

    def test_it_is_opened_and_embeds_as_the_package_does(self, saved: Path) -> None:
        package = pytest.importorskip("sentence_transformers")
        opened = SentenceTransformerModel.open(saved)
        texts = ["how do i reset my password", "cancel my order"]
        theirs = package.SentenceTransformer(str(saved), device="cpu")
        expected = theirs.encode(texts, normalize_embeddings=True)
        np.testing.assert_allclose(opened.embed(texts), expected, atol=1e-6)
        assert opened.embed(texts).shape == (2, 16)
        assert opened.energy == "cosine" and opened.threshold is None

    def test_its_fingerprint_is_of_its_files(self, saved: Path) -> None:
        before = SentenceTransformerModel.open(saved).fingerprint
        (saved / "README.md").write_text("other words")
        assert SentenceTransformerModel.open(saved).fingerprint == before
        settings = json.loads((saved / "config_sentence_transformers.json").read_text())
        settings["prompts"] = {"query": "ask: "}
        (saved / "config_sentence_transformers.json").write_text(json.dumps(settings))
        assert SentenceTransformerModel.open(saved).fingerprint != before

    def test_a_damaged_one(self, saved: Path) -> None:
        (saved / "modules.json").write_text("{")
        with pytest.raises(ModelError, match=r"small cannot be opened: "):
            SentenceTransformerModel.open(saved)
