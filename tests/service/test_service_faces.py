"""Without face options the gallery's own capture settings hold; others end the start."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from likeness.cli.app import app
from likeness.errors import GalleryMismatchError
from likeness.images.faces import Face, HaarFaceFinder
from likeness.recogniser.photo_reader import PhotoReader
from likeness.recogniser.recogniser import Recogniser
from likeness.service.running import open_recogniser
from likeness.service.settings import Settings

from .conftest import png

pytest.importorskip("cv2")


@dataclass(frozen=True)
class Finder:
    """Finds one face in the middle, under a name."""

    name: str

    def find(self, photo: np.ndarray) -> list[Face]:
        return [Face(box=(2, 2, photo.shape[0] - 2, photo.shape[1] - 2), score=1.0)]


def enrolled(settings: Settings, photo: bytes, *, name: str | None) -> None:
    """Enrol a photo, whole or by the face that a detector found."""
    opened = open_recogniser(settings)
    reader = PhotoReader() if name is None else PhotoReader(finder=Finder(name), cut=True)
    with opened.gallery:
        Recogniser(model=opened.model, gallery=opened.gallery, reader=reader).enrol("Ada", photo)


def test_a_gallery_of_cut_faces_is_followed(settings: Settings, photos: list[bytes]) -> None:
    enrolled(settings, photos[0], name="haar")
    opened = open_recogniser(settings)
    with opened.gallery:
        assert isinstance(opened.reader.finder, HaarFaceFinder)
        assert opened.reader.cut


def test_a_gallery_of_whole_photos_stays_one(settings: Settings, photos: list[bytes]) -> None:
    enrolled(settings, photos[0], name=None)
    opened = open_recogniser(settings)
    with opened.gallery:
        assert opened.reader.finder is None


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        (None, {"faces": "haar", "cut_faces": True}, "holds embeddings of whole photos"),
        ("haar", {"faces": "haar"}, "Add `--faces haar --cut-faces`"),
        ("detector 0123", {}, "Add `--faces FILE --cut-faces`"),
    ],
)
def test_other_settings_end_the_start(
    settings: Settings,
    photos: list[bytes],
    name: str | None,
    options: dict[str, object],
    sentence: str,
) -> None:
    enrolled(settings, photos[0], name=name)
    with pytest.raises(GalleryMismatchError, match=sentence):
        open_recogniser(replace(settings, **options))  # type: ignore[arg-type]


def test_enrol_follows_the_gallery(settings: Settings, photos: list[bytes], tmp_path: Path) -> None:
    enrolled(settings, photos[0], name="haar")
    wall = tmp_path / "wall.png"
    wall.write_bytes(png(np.full((120, 90, 1), 150, np.uint8)))
    words = ["--gallery", settings.gallery, "--model", str(settings.model), "--name", "Eve"]
    found = CliRunner().invoke(app, ["enrol", str(wall), *words])
    assert found.exit_code == 2
    with open_recogniser(settings).gallery as gallery:
        assert gallery.counts().templates == 1
