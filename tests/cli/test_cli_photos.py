"""Every command reads photos as the model or the recipe says, and names what it does not take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness.cli.opening import read_data_for
from likeness.images.decode import decode_file
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.opening import open_model

from .conftest import ask, document

COLOURS = {"ada": (220, 30, 30), "bob": (30, 160, 30), "cy": (60, 60, 255), "dot": (120, 90, 10)}
"""Nearly equal in grey, and of one hue each."""


@pytest.fixture
def colours(
    tmp_path: Path, small_onnx: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A model that reads colour at 32×32, and people who differ in colour, in several sizes."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    Path("small.onnx").write_bytes(small_onnx(shape=("n", 3, 32, 32), size=16))
    preparation = FixedPreparation(rows=32, columns=32)
    import_model(Path("small.onnx"), Path("model"), preparation=preparation, licence="MIT")
    for person, colour in COLOURS.items():
        Path("people", person).mkdir(parents=True)
        for photo in range(3):
            size = (40 + 10 * photo, 50, 3)
            noise = rng.integers(-8, 8, size) + np.array(colour)
            image = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))
            image.save(Path("people", person, f"{photo}.png"))
    return tmp_path


def test_a_folder_is_read_as_the_model_reads_each_photo(colours: Path) -> None:
    data = read_data_for(Path("model"), "people")
    assert data.items.shape == (12, 32, 32, 3)
    model: Any = open_model(Path("model"))
    alone = [model.embed(decode_file(Path("people", name))[None])[0] for name in data.item_names]
    np.testing.assert_array_equal(model.embed(data.items), np.stack(alone))


def test_people_who_differ_in_colour_only_are_told_apart(colours: Path) -> None:
    code, told = document("evaluate", "model", "people")
    assert code == 0
    assert told["figures"]["eer"]["mean"] == 0.0


def mixed(folder: Path) -> None:
    """A folder as people have them: photos of all kinds, and other things."""
    image = Image.open("people/ada/0.png")
    (folder / "ada" / "trip").mkdir(parents=True)
    (folder / "bob").mkdir(exist_ok=True)
    for name, kind in (("1.jpe", "JPEG"), ("2.avif", "AVIF"), ("3.tif", "TIFF"), ("IMG_4", "PNG")):
        image.save(folder / "ada" / name, kind)
    image.save(folder / "ada" / "trip" / "5.png")
    image.save(folder / "loose.png")
    (folder / "ada" / "notes.txt").write_text("hello")
    (folder / "ada" / "clip.gif").write_bytes(b"GIF89a" + bytes(20))
    (folder / "bob" / "6.heic").write_bytes(bytes(4) + b"ftypheic" + bytes(20))
    Image.open("people/bob/1.png").save(folder / "bob" / "7.png")
    for system in (".thumbnails", ".trash", "@eaDir"):
        (folder / system).mkdir()
        image.save(folder / system / "8.png")


def test_enrol_takes_photos_by_content_and_names_the_rest(
    colours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixed(Path("mixed"))
    SavedModel.read("model").store_calibration(threshold=0.5, calibration={})
    code, done = document("enrol", "mixed", "--gallery", "staff.db", "--model", "model")
    assert code == 0
    assert done["people"] == ["ada", "bob"] and done["added"] == 5
    said = " ".join([*done["not_taken"], *done["refused"]])
    shown = capsys.readouterr()
    for name in ("trip", "loose.png", "notes.txt", "clip.gif", "6.heic"):
        assert name in said and name in shown.err
    assert "5 left out" in " ".join(shown.out.split())
    assert {Path(path).name for path in done["skipped"]} == {".thumbnails", ".trash", "@eaDir"}
    assert len(done["not_taken"]) == 4 and len(done["refused"]) == 1


def test_evaluate_names_the_rest_too(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mixed(Path("people"))
    assert ask("evaluate", "model", "people") == 0
    said = capsys.readouterr().err.replace("\n", " ")
    for name in ("trip", "loose.png", "notes.txt", "clip.gif", "6.heic"):
        assert name in said
    assert "eaDir" not in said
