"""Two pictures, one question: is it the same person, writer or thing?"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from likeness.arrays import Images
from likeness.model.protocol import Model
from likeness.recogniser.decision import Decider


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What one model says of two pictures.

    Args:
        same: whether the energy is within the threshold.
        energy: between them; lower is more alike.
        threshold: in force.
        probability: P(same | energy) for the prior; None if the model has no probabilities.
        prior: P(same) before the energy is known.
        identical: whether the two pictures are equal pixel by pixel, which proves nothing.
        warnings: what to know before relying on it.
        model: its fingerprint.
    """

    same: bool
    energy: float
    threshold: float
    probability: float | None
    prior: float
    identical: bool
    warnings: tuple[str, ...]
    model: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": "likeness.comparison/1", **asdict(self)}


def compare(model: Model, left: Images, right: Images, *, prior: float | None = None) -> Comparison:
    """Say whether two pictures show one identity, by the model's threshold and probabilities.

    Args:
        model: with a threshold; its preparation says how pictures are read.
        left, right: ``(rows, columns, 1 or 3)``, uint8; their sizes may differ.
        prior: P(same) that the probability is stated for; the calibration's own if not given.

    Raises:
        NoThresholdError: the model has no threshold.
        ModelError: its calibration is another model's, or damaged.
        DataError: a picture has another shape or type.
        SettingError: the prior is out of its range.
    """
    decider = Decider.of(model, prior=prior)
    energy = float(model.energies(left[None], right[None])[0, 0])
    ratio = decider.ratio
    identical = np.array_equal(left, right)
    warnings = []
    if identical:
        warnings.append("the two are one and the same picture: an energy of 0 proves nothing.")
    if ratio is None:
        warnings.append("no probability: the model is not calibrated (`likeness calibrate`).")
    return Comparison(
        same=energy <= decider.threshold,
        energy=energy,
        threshold=decider.threshold,
        probability=(
            None if ratio is None else float(ratio.probability(energy, prior=decider.prior))
        ),
        prior=decider.prior,
        identical=identical,
        warnings=tuple(warnings),
        model=decider.fingerprint,
    )
