"""Adaptation: what an encoder that is already there gains from photos of further people.

Its embeddings are whitened by the covariance within identities (A. O. Hatch, S. Kajarekar, A.
Stolcke, «Within-class Covariance Normalization for SVM-based Speaker Recognition», Interspeech
2006), shrunk, and brought to unit length. That holds for the cameras of the photos only: it is kept
if people of the same data who were held out gain beyond the interval, or else the encoder stays as
it is.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from likeness import __version__
from likeness.arrays import Energies
from likeness.datasets.items import Dataset, identity_folds
from likeness.energies import energy_matrix
from likeness.errors import ModelError, require_extra
from likeness.evaluation import Evaluation, choose_threshold, evaluate_matrix, people_intervals
from likeness.evaluation.figures import FigureName, Interval, percent
from likeness.evaluation.leaks import Learned
from likeness.evaluation.pair_energies import EnergyHistogram
from likeness.files import check_new_folder, to_json
from likeness.model.export import whitened_onnx
from likeness.model.folder import IMPORTED_FORMAT, SavedModel
from likeness.model.onnx_model import OnnxModel

SHRINKAGE = 0.8
"""Of the covariance within identities: few people show it badly."""

FEWEST_PEOPLE = 6
"""With two photos or more, so that somebody can be held out."""

_FOLDS = 4
_EER = FigureName("eer")
_CLOSE = 1e-4


@dataclass(frozen=True, kw_only=True)
class _Adapted:
    """What came of an adaptation.

    Args:
        model: whitened, with a threshold of its own; or as it was.
        gained: whether it was whitened.
        before, after: the equal error rate on the people held out, 0…1, with its interval.
        change: after − before, with the interval of the difference.
        people: how many were held out, each once.
    """

    model: OnnxModel
    gained: bool
    before: Interval
    after: Interval
    change: Interval
    people: int

    def sentences(self) -> list[str]:
        """Say in words what was measured and what was done."""
        figures = (
            f"EER on {self.people} people held out in turn: {percent(self.before.mean)} before, "
            f"{percent(self.after.mean)} whitened; change {100 * self.change.mean:+.2f} points "
            f"({100 * self.change.low:+.2f} to {100 * self.change.high:+.2f})."
        )
        done = (
            "The whitened encoder is kept, fitted on everybody. Calibrate it before it decides."
            if self.gained
            else "That is no gain beyond the interval: the encoder stays as it was."
        )
        return [figures, done]

    def to_json(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        figures = {"before": self.before, "after": self.after, "change": self.change}
        eer = {name: to_json(interval) for name, interval in figures.items()}
        return {"gained": self.gained, "people": self.people, "eer": eer}


def adapt(
    base: str | Path, data: Dataset, out: str | Path, *, overwrite: bool = False, seed: int = 0
) -> _Adapted:
    """Whiten an imported encoder on people, if that helps others of the same data.

    Args:
        base: folder of a model with an ONNX part; it is not changed.
        data: photos as it reads them, of six people or more with two photos each.
        out: folder of the new model; without a gain, a copy of the old one.
        overwrite: whether a model that is there may be replaced.
        seed: of who is held out with whom, and of the intervals.

    Raises:
        ModelError: there is no such model, or it has no ONNX part.
        OverlapError: the model was trained on some of the people.
        TooFewError: there are too few people or photos.
        MissingExtraError: Keras or the package onnx is not installed.
        OutputError: it cannot be written.
    """
    saved, out = SavedModel.read(base), Path(out)
    check_new_folder(out, overwrite=overwrite)
    if "onnx" not in saved.parts:
        raise ModelError(f"{base} has no ONNX part to adapt. Run `likeness export` first.")
    model = OnnxModel.of(saved)
    Learned.recorded(model.record).check_unseen(data)
    data.require(identities=FEWEST_PEOPLE, items_each=2)
    whitening = require_extra("likeness.encoders", extra="train").Whitening
    embeddings = model.embed(data.items)
    folds = min(_FOLDS, len(data.identities_with(2)) // 2)
    before: list[Evaluation] = []
    after: list[Evaluation] = []
    for rest, held in identity_folds(data, folds, partition_seed=seed):
        learn = np.isin(data.identities, rest.distinct)
        fitted = whitening.fit_within_class(embeddings[learn], rest.codes, shrinkage=SHRINKAGE)
        plain = embeddings[~learn]
        before.append(_measured(energy_matrix(model.energy, plain), held))
        after.append(_measured(energy_matrix("euclidean", fitted(plain)), held))
    change = people_intervals(after, beyond=before, seed=seed)[_EER]
    result = _Adapted(
        model=model,
        gained=change.high < 0,
        before=people_intervals(before, seed=seed)[_EER],
        after=people_intervals(after, seed=seed)[_EER],
        change=change,
        people=len(data.identities_with(2)),
    )
    parts = {name: saved.read_part(name) for name in saved.parts if name != "int8"}
    if not result.gained:
        packed = [name for name in parts if "unpacked" in saved.parts[name]]
        return replace(
            result, model=OnnxModel.of(replace(saved, folder=out).write_new(parts, packed=packed))
        )
    everybody = whitening.fit_within_class(embeddings, data.codes, shrinkage=SHRINKAGE)
    parts["onnx"] = whitened_onnx(parts["onnx"], everybody.mean, everybody.matrix)
    named = replace(saved, folder=out, record=_record(saved, data, result, after))
    made = OnnxModel.of(_write_whitened(named, parts, data_name=data.name))
    few = data.items[:4]
    if np.abs(made.embed(few) - everybody(embeddings[:4])).max() > _CLOSE:
        raise ModelError(f"{base}: its ONNX part cannot be whitened: it gives other embeddings.")
    return replace(result, model=made)


def _measured(matrix: Energies, held: Dataset) -> Evaluation:
    return evaluate_matrix(matrix, held.codes, threshold=None)


def _record(
    saved: SavedModel, data: Dataset, result: _Adapted, held_out: list[Evaluation]
) -> dict[str, Any]:
    genuine = np.concatenate([fold.pairs.genuine for fold in held_out])
    impostor = np.concatenate([fold.pairs.impostor for fold in held_out])
    return {
        **{name: saved.record[name] for name in ("imported",) if name in saved.record},
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "likeness": __version__,
        "adapted": {
            "from": saved.fingerprint,
            "by": "whitening within identities",
            "shrinkage": SHRINKAGE,
            **result.to_json(),
        },
        "data": data.record(),
        "threshold": {
            "threshold": choose_threshold(genuine, impostor),
            "people": list(data.identities_with(2)),
            "genuine_pairs": len(genuine),
            "impostor_pairs": len(impostor),
            "energies": EnergyHistogram.of(genuine, impostor).to_json(),
        },
        # Chosen on people held out, then fitted on everybody.
        "histories": {"choosing": {}, "final": {}},
    }


def _write_whitened(saved: SavedModel, parts: Mapping[str, bytes], *, data_name: str) -> SavedModel:
    packed = ["onnx"] if "unpacked" in saved.parts["onnx"] else []
    new = replace(
        saved,
        format=IMPORTED_FORMAT,
        energy="euclidean",
        threshold=saved.record["threshold"]["threshold"],
        name=f"{saved.name or 'encoder'} whitened on {data_name}",
        licence=saved.licence or saved.about.get("licence"),
        calibration={},
        about={},
        parts={},
    )
    new = replace(new, fingerprint=new.imported_fingerprint(parts["onnx"]))
    return new.write_new(parts, packed=packed)
