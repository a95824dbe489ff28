"""A saved model's other forms: its ONNX part, and an int8 variant with its loss of accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from likeness.datasets import Dataset, split_by_identity
from likeness.energies import energy_matrix
from likeness.errors import ModelError, OutputError
from likeness.evaluation.baselines import Evaluation, evaluate_matrix
from likeness.evaluation.figures import percent
from likeness.evaluation.intervals import people_intervals
from likeness.evaluation.leaks import Learned
from likeness.evaluation.results import BOOTSTRAP_SEED, Figures, counts
from likeness.experiments.result import REPETITIONS
from likeness.files import to_json
from likeness.model.export import int8_bytes, onnx_bytes
from likeness.model.folder import IMPORTED_FORMAT, SavedModel
from likeness.model.onnx_model import OnnxModel
from likeness.model.onnx_session import OnnxSession
from likeness.model.siamese_model import load_model

MOST_FOR_RANGES = 200
"""More photos than this hardly change the ranges of the activations."""


@dataclass(frozen=True, kw_only=True)
class Int8Loss:
    """What an int8 variant loses, on the same pairs of people who did not set its ranges.

    Args:
        data: name, digest, and whether it is drawn.
        ranges: people and photos that set the ranges of the activations, and the seed.
        counts: of people, photos and pairs behind the figures.
        figures: "float32" and "int8" → figures with intervals over people.
        energy_difference: "mean" and "largest", of the energies of the same pairs.
    """

    data: Mapping[str, str | bool]
    ranges: Mapping[str, int]
    counts: Mapping[str, int]
    figures: Mapping[str, Figures]
    energy_difference: Mapping[str, float]

    def sentences(self) -> list[str]:
        """Say it in words, a line for each figure."""
        said = [
            f"Compared with float32, on {self.counts['identities']} people "
            f"({self.counts['genuine_pairs']} genuine and {self.counts['impostor_pairs']:,} "
            "impostor pairs; intervals over people):"
        ]
        for name, before in self.figures["float32"].items():
            now, old = (
                f"{percent(figure.mean)} ({figure.ends()})"
                for figure in (self.figures["int8"][name], before)
            )
            said.append(f"  {name.label}: {now} instead of {old}")
        difference = self.energy_difference
        return [
            *said,
            f"  energies differ by {difference['mean']:.4f} on average, "
            f"{difference['largest']:.4f} at most.",
            "It has no threshold yet: `likeness calibrate MODEL PHOTOS --variant int8`.",
        ]


def export_onnx(folder: str | Path, *, overwrite: bool = False) -> SavedModel:
    """Add the ONNX part to a saved model; an existing, intact part is kept.

    Args:
        folder: of the model.
        overwrite: whether to make it again.

    Returns:
        The new content of ``model.json``.

    Raises:
        ModelError: there is no such model, or its encoder cannot be exported.
        MissingExtraError: Keras or the exporter is not installed.
        OutputError: it cannot be written.
    """
    saved = SavedModel.read(folder)
    if saved.format == IMPORTED_FORMAT or ("onnx" in saved.parts and not overwrite):
        saved.read_part("onnx")
        return saved
    model = load_model(folder)
    data = onnx_bytes(model.encoder, made_up=model.preparation.made_up)
    return saved.add_part("onnx", data)


def export_int8(
    folder: str | Path, data: Dataset, *, overwrite: bool = False, seed: int = 0
) -> Int8Loss:
    """Add an int8 variant to a saved model, and measure the loss of accuracy.

    Half of the people set the ranges of the activations, the others measure. The variant has
    other energies, so it gets no threshold: calibrate it.

    Args:
        folder: of a model with an ONNX part.
        data: photos of at least four people it was not trained on, two each.
        overwrite: whether an existing variant may be replaced.
        seed: random seed that chooses the people who set the ranges.

    Returns:
        The stored loss of accuracy: the figures of both variants on the same pairs, with
        intervals over people, and the differences of their energies.

    Raises:
        ModelError: there is no such model, or it cannot be quantised.
        TooFewError: there are too few people.
        OverlapError: the model was trained on some of them.
        OutputError: a variant exists already, or it cannot be written.
    """
    saved = SavedModel.read(folder)
    if "onnx" not in saved.parts:
        raise ModelError(f"{folder} has no ONNX part to quantise. Run `likeness export` first.")
    if "int8" in saved.parts and not overwrite:
        raise OutputError(
            f"{folder} already has an int8 variant. Replace it with `--overwrite` "
            "(`overwrite=True`); its threshold goes with it."
        )
    data.require(identities=4, items_each=2)
    model = OnnxModel.of(saved)
    Learned.recorded(model.record).check_unseen(data)
    setting, measuring = split_by_identity(data, held_out=0.5, seed=seed, items_each=2)
    ranges = setting.take(np.linspace(0, len(setting) - 1, min(len(setting), MOST_FOR_RANGES)))
    small = int8_bytes(saved.read_part("onnx"), model.preparation(ranges.items))
    session = OnnxSession(small, name="the int8 variant")
    matrices = {
        "float32": energy_matrix(model.energy, model.embed(measuring.items)),
        "int8": energy_matrix(model.energy, session(model.preparation(measuring.items))),
    }
    measured = {
        name: evaluate_matrix(matrix, measuring.codes, threshold=None)
        for name, matrix in matrices.items()
    }
    loss = Int8Loss(
        data={"name": data.name, "digest": data.digest, "drawn": data.drawn},
        ranges={"identities": len(setting.distinct), "items": len(ranges), "seed": seed},
        counts=counts([measured["int8"]], measuring),
        figures={
            name: people_intervals([variant], repetitions=REPETITIONS, seed=BOOTSTRAP_SEED)
            for name, variant in measured.items()
        },
        energy_difference=_difference(measured["float32"], measured["int8"]),
    )
    saved.add_part(
        "int8",
        small,
        fingerprint=saved.int8_fingerprint(small),
        threshold=None,
        calibration={},
        loss=to_json(loss),
    )
    return loss


def _difference(exact: Evaluation, rounded: Evaluation) -> dict[str, float]:
    """Return the differences of the energies of the same pairs."""
    apart = np.concatenate(
        [
            np.abs(exact.pairs.genuine - rounded.pairs.genuine),
            np.abs(exact.pairs.impostor - rounded.pairs.impostor),
        ]
    )
    return {"mean": float(apart.mean()), "largest": float(apart.max())}
