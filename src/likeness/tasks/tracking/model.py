"""`TrackingModel`: a trained tracker's encoder and settings, from its folder, without Keras.

On disk it is a folder like that of every model: ``model.json``, ``encoder.keras``,
``encoder.onnx`` and the card, held together by a fingerprint and seals. It has its own format: a
tracker's encoder gives maps, not embeddings, and cannot identify anybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Prepared, check_in_range
from likeness.errors import MissingExtraError, ModelError, SettingError, require_extra
from likeness.files import check_new_folder
from likeness.model.export import onnx_bytes
from likeness.model.folder import FILES, SavedModel
from likeness.model.onnx_session import OnnxSession
from likeness.model.siamese_model import encoder_fingerprint
from likeness.tasks.tracking.boxes import Pixels
from likeness.tasks.tracking.card import TRACKING_FORMAT
from likeness.training.settings import SettingGroup, number


@dataclass(frozen=True, kw_only=True)
class TrackingShapes(SettingGroup):
    """Sizes of the pictures for the encoder.

    Args:
        template: side of the picture of the target and its surroundings, 16…512 pixels.
        search: side of the search picture, at the same scale, up to 1024.
        stride: pixels from one cell of the encoder's map to the next, 1…32.
        context: how much of the surroundings the template shows, 0…2, in mean half sides of the
            box; 0.5 is that of Bertinetto et al. 2016.
    """

    template: int = number(63, 16, 512)
    search: int = number(159, 16, 1024)
    stride: int = number(4, 1, 32)
    context: float = number(0.5, 0, 2)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_in_range(self.search, self.template, 1024, argument="search")
        if (self.search - self.template) % (2 * self.stride):
            raise SettingError(
                "search: expected a size for which the map has a middle cell: the template's "
                f"and a multiple of {2 * self.stride}. Received: {self.search} for a template of "
                f"{self.template}."
            )

    @property
    def map_side(self) -> int:
        """Cells of the energy map, across and down: positions of the template."""
        return (self.search - self.template) // self.stride + 1

    def labels(self, shift: tuple[float, float], *, radius: float) -> NDArray[np.float32]:
        """Return 1 for positions within ``radius`` pixels of the target, −1 for the others.

        Bertinetto et al. 2016, equation 4.

        Args:
            shift: (x, y) of the target from the middle of the search picture, in its pixels.
            radius: in pixels of the search picture.

        Returns:
            ``(map_side, map_side)``; the middle cell is for a target in the middle.

        >>> TrackingShapes(template=63, search=71).labels((4.0, 0.0), radius=1.0).tolist()
        [[-1.0, -1.0, -1.0], [-1.0, -1.0, 1.0], [-1.0, -1.0, -1.0]]
        """
        cells = self.stride * (np.arange(self.map_side) - (self.map_side - 1) / 2)
        distance = np.hypot(cells[None, :] - shift[0], cells[:, None] - shift[1])
        return np.where(distance <= radius, 1.0, -1.0).astype(np.float32)


def prepared(pictures: NDArray[np.uint8]) -> Prepared:
    """Return ``(n, rows, columns, 3)`` float32, −2…2, of as many pictures, uint8.

    There is no normalisation per picture: template and search must stay comparable.
    """
    return (pictures.astype(np.float32) - 127.5) / 63.75


@dataclass(frozen=True, kw_only=True)
class TrackerSettings(SettingGroup):
    """Settings of the search. The defaults follow Bertinetto et al. 2016, section 3.4.

    They weight the template uniformly; docs/tracking.md explains why the centre has more weight
    here.

    Args:
        scales: sizes tried in each frame, odd, 1…9.
        scale_step: from one size to the next, above 1, at most 1.5.
        scale_penalty: added to the energy of every size but the present one, 0…1.
        scale_damping: share of the way to the best size that the box goes in a frame, 0…1.
        window: share of a cosine window, which prefers positions near the last one, 0…1.
        focus: weight of the centre of the template relative to its border: 0 (uniform) … 1.
        template_rate: share of the template that each frame replaces, 0…0.5; 0 keeps that of
            the first frame.
    """

    whole: ClassVar[str] = "tracker"

    scales: int = number(3, 1, 9)
    scale_step: float = number(1.0375, 1.0001, 1.5)
    scale_penalty: float = number(0.005, 0, 1)
    scale_damping: float = number(0.59, 0, 1)
    window: float = number(0.176, 0, 1)
    focus: float = number(0.8, 0, 1)
    template_rate: float = number(0.0, 0, 0.5)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scales % 2 == 0:
            raise SettingError(f"scales: expected an odd number. Received: {self.scales}.")


Maps = NDArray[np.float32]
"""``(n, rows, columns, channels)``, an encoder's features, of unit length per cell."""

EnergyMaps = NDArray[np.float64]
"""``(n, rows, columns)``, −1…1, lower is more alike: the template at every position."""

Template = NDArray[np.float32]
"""The template of a target: features ``(h, w, channels)``, or pixels."""


def correlation_energies(template: Maps, search: Maps, weights: NDArray[np.float64]) -> EnergyMaps:
    """Return minus the weighted mean cosine between template and search, position by position.

    Bertinetto et al. 2016, equation 1, for one template and several search pieces. Each cell of
    the maps has unit length, so that the energy lies between −1 (alike in every cell) and 1.

    Args:
        template: ``(h, w, channels)``.
        search: ``(n, rows, columns, channels)``, rows ≥ h, columns ≥ w.
        weights: ``(h, w)``, ≥ 0, of sum 1: the weight of each cell of the template.

    Returns:
        ``(n, rows − h + 1, columns − w + 1)``.
    """
    height, width, channels = template.shape
    pieces, rows, columns, _ = search.shape
    high, wide = rows - height + 1, columns - width + 1
    cells = (template * weights[..., None]).reshape(height * width, channels)
    # One product of all cells of the template with all cells of the search; then the products are
    # summed for each position.
    products = search.reshape(-1, channels) @ cells.T.astype(search.dtype)
    products = products.reshape(pieces, rows, columns, height, width)
    total = np.zeros((pieces, high, wide), np.float64)
    for row in range(height):
        for column in range(width):
            total += products[:, row : row + high, column : column + wide, row, column]
    return -total


def focus_weights(height: int, width: int, *, focus: float) -> NDArray[np.float64]:
    """Return the weights of the cells of a template, ``(height, width)`` of sum 1.

    Args:
        height, width: cells.
        focus: 0 (all alike) … 1 (a cosine window: almost 0 at the border).

    >>> focus_weights(1, 3, focus=0.0).round(3).tolist()
    [[0.333, 0.333, 0.333]]
    """
    down = np.sin(np.pi * (np.arange(height) + 0.5) / height) ** 2
    across = np.sin(np.pi * (np.arange(width) + 0.5) / width) ** 2
    weights = 1 - focus + focus * np.outer(down, across)
    return np.asarray(weights / weights.sum())


_ENERGY = "cross_correlation"


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackingModel:
    """Locates a target by the cross-correlation of an encoder's maps.

    Args:
        encode: from ``(n, side, side, 3)`` prepared pictures to maps of unit length per cell.
        shapes: of the pictures.
        fingerprint: SHA-256 of what decides an energy.
        threshold: the target is there if energy ≤ threshold; None if none was chosen.
        settings: settings of the search.
        record: the training record.
    """

    encode: Callable[[Prepared], Maps]
    shapes: TrackingShapes
    fingerprint: str = ""
    threshold: float | None = None
    settings: TrackerSettings = field(default_factory=TrackerSettings)
    record: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: str | Path, *, threads: int = 1) -> Self:
        """Read a model that `train_tracker` saved.

        It runs on ONNX Runtime, or on Keras where it has no ONNX part.

        Args:
            folder: of the model.
            threads: of ONNX Runtime.

        Raises:
            ModelError: there is no model, it is of another kind, or its parts do not belong
                together.
            MissingExtraError: the runtime is not installed.
        """
        saved = SavedModel.read(folder, formats=(TRACKING_FORMAT,))
        try:
            return cls(
                encode=_encoder(saved, threads),
                shapes=TrackingShapes.from_dict(saved.preparation),
                fingerprint=saved.fingerprint,
                threshold=saved.threshold,
                settings=TrackerSettings.from_dict(saved.others["tracker"]),
                record=saved.record,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{saved.folder} holds a damaged model: {error}. Restore it or make it again."
            ) from error

    def template(self, picture: Pixels) -> Template:
        """Return the map of ``(template, template, 3)`` uint8, ``(h, w, channels)``."""
        template: Template = self.encode(prepared(picture[None]))[0]
        return template

    def energies(self, template: Template, pictures: Pixels, *, focus: float) -> EnergyMaps:
        """Return ``(n, side, side)``, −1…1, for ``(n, search, search, 3)`` uint8."""
        weights = focus_weights(*template.shape[:2], focus=focus)
        return correlation_energies(template, self.encode(prepared(pictures)), weights)

    def blended(self, old: Template, new: Template, *, rate: float) -> Template:
        """Return the mean of both, each cell of unit length again."""
        mixed = (1 - rate) * old + rate * new
        length = np.linalg.norm(mixed, axis=-1, keepdims=True)
        return np.asarray(mixed / np.maximum(length, 1e-12), np.float32)


def _encoder(saved: SavedModel, threads: int) -> Callable[[Prepared], Maps]:
    if "onnx" in saved.parts:
        name = str(saved.folder / FILES["onnx"])
        return OnnxSession(saved.read_part("onnx"), name=name, threads=threads, axes=4)
    keras = require_extra("keras")
    require_extra("likeness.encoders")
    return _keras_encode(keras.models.load_model(saved.folder / "encoder.keras", compile=False))


def _keras_encode(encoder: Any) -> Callable[[Prepared], Maps]:
    """Return a function that runs a trained Keras encoder."""
    ops = require_extra("keras.ops")

    def encode(pictures: Prepared) -> Maps:
        maps: Maps = ops.convert_to_numpy(encoder(pictures, training=False))
        return maps

    return encode


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedTracker:
    """A trained encoder with everything needed for tracking.

    Args:
        encoder: a `keras.Model` from pictures of any size to maps.
        shapes: of the pictures.
        settings: settings of the search.
        threshold: the target is there if energy ≤ threshold; None if none was chosen.
        record: the training record, JSON values only.
    """

    encoder: Any
    shapes: TrackingShapes
    settings: TrackerSettings = field(default_factory=TrackerSettings)
    threshold: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that determines an energy: equal for equal encoders."""
        head = {"format": TRACKING_FORMAT, "preparation": self.shapes.as_dict(), "energy": _ENERGY}
        return encoder_fingerprint(self.encoder, head)

    @cached_property
    def _onnx(self) -> bytes | str:
        """The encoder as an ONNX file, or a sentence that explains why it cannot be exported."""
        try:
            return onnx_bytes(self.encoder, sizes=(self.shapes.template, self.shapes.search))
        except (MissingExtraError, ModelError) as error:
            return str(error)

    @property
    def no_onnx(self) -> str | None:
        """Why its folder has no ONNX part; None if it has one."""
        return self._onnx if isinstance(self._onnx, str) else None

    @cached_property
    def _run(self) -> Callable[[Prepared], Maps]:
        if isinstance(self._onnx, str):
            return _keras_encode(self.encoder)
        return OnnxSession(self._onnx, name="the exported encoder", axes=4)

    def _encode(self, pictures: Prepared) -> Maps:
        """Run the encoder, which is exported on first use."""
        return self._run(pictures)

    def with_choice(
        self, settings: TrackerSettings, threshold: float | None, record: Mapping[str, Any]
    ) -> Self:
        """Return the same encoder with these settings; its export is kept."""
        changed = replace(self, settings=settings, threshold=threshold, record=record)
        for name in ("_onnx", "_run"):
            if name in vars(self):
                vars(changed)[name] = vars(self)[name]
        return changed

    def model(self) -> TrackingModel:
        """Return the model for tracking, on ONNX Runtime if the export works, or else on Keras."""
        return TrackingModel(
            encode=self._encode,
            shapes=self.shapes,
            fingerprint=self.fingerprint,
            threshold=self.threshold,
            settings=self.settings,
            record=self.record,
        )

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder, completely or not at all.

        Args:
            folder: its path; must not exist yet, or be empty.
            overwrite: whether an existing model may be replaced.

        Raises:
            OutputError: the folder holds something else, or it cannot be written.
        """
        folder = Path(folder)
        check_new_folder(folder, overwrite=overwrite)
        SavedModel(
            folder=folder,
            format=TRACKING_FORMAT,
            fingerprint=self.fingerprint,
            preparation=self.shapes.as_dict(),
            energy=_ENERGY,
            threshold=self.threshold,
            parameters=sum(int(values.size) for values in self.encoder.get_weights()),
            record=dict(self.record),
            no_onnx=self.no_onnx,
            others={"tracker": self.settings.as_dict()},
        ).write_new(
            {} if isinstance(self._onnx, str) else {"onnx": self._onnx}, encoder=self.encoder
        )
        return folder
