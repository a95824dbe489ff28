"""What `likeness calibrate` stores in a model: threshold, margin, probabilities, and whence."""

import datetime
from dataclasses import dataclass

from likeness import __version__
from likeness.datasets.items import Acquisition, Dataset
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.margin import Margin
from likeness.evaluation.pair_energies import EnergyHistogram
from likeness.evaluation.probability_fit import FORMAT, FittedProbability
from likeness.evaluation.threshold_choice import ThresholdChoice
from likeness.files import fields_to_json, to_json


@dataclass(frozen=True, kw_only=True)
class _CalibratedOn:
    """Whom a threshold was chosen on: an evaluation on these people can say that it knows them."""

    name: str
    digest: str
    drawn: bool
    identities: tuple[str, ...]
    item_digests: tuple[str, ...]

    @classmethod
    def of(cls, data: Dataset) -> "_CalibratedOn":
        """Return what is kept of a data set; of each photo's digest, the first digits."""
        return cls(
            name=data.name,
            digest=data.digest,
            drawn=data.drawn,
            identities=tuple(data.distinct),
            item_digests=tuple(data.short_digests),
        )


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Model, data, date and version, for those who ask later."""

    model: str
    data: _CalibratedOn
    date: str
    likeness: str = __version__

    @classmethod
    def now(cls, fingerprint: str, data: Dataset) -> "Provenance":
        """Return that of a calibration made now."""
        return cls(model=fingerprint, data=_CalibratedOn.of(data), date=_now())

    @classmethod
    def on_gallery(cls, fingerprint: str) -> "Provenance":
        """Return that of a calibration on enrolled people, none of whom it names."""
        enrolled = _CalibratedOn(
            name="the gallery's own people", digest="", drawn=False, identities=(), item_digests=()
        )
        return cls(model=fingerprint, data=enrolled, date=_now())


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """A threshold for a purpose, what goes with it, and the comparisons it was counted on.

    Args:
        acquired: the threshold and its promise, by the photos with a usable face.
        margin: to the runner-up.
        probability: the map from energies to probabilities; or, in a sentence, why there is none.
        prior: P(one person) that probabilities are stated for.
        comparisons: all of them; not in the JSON, but for how their energies lie.
        provenance: model, data and date.
        acquisition: photos without a usable face; None where no face was looked for.
    """

    acquired: ThresholdChoice
    margin: Margin
    probability: FittedProbability | str
    prior: float
    comparisons: Comparisons
    provenance: Provenance
    acquisition: Acquisition | None = None

    @property
    def choice(self) -> ThresholdChoice:
        """The threshold and its promise; photos without a usable face count as rejected."""
        return self.acquired.counting(0.0 if self.acquisition is None else self.acquisition.rate())

    @property
    def fitted(self) -> FittedProbability | None:
        """The map from energies to probabilities, if there is one."""
        return None if isinstance(self.probability, str) else self.probability

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values, those of the threshold at the top."""
        none = {"format": FORMAT, "ratio": None, "prior": self.prior}
        energies = EnergyHistogram.of(self.comparisons.genuine, self.comparisons.impostor)
        return (
            self.choice.to_json()
            | self._acquisition_json()
            | {
                "margin": self.margin.to_json(),
                "probability": self.fitted.to_json()
                if self.fitted
                else none | {"sentences": [self.probability]},
                "energies": energies.to_json(),
                "provenance": fields_to_json(self.provenance),
                "sentences": self.sentences(),
            }
        )

    def sentences(self) -> list[str]:
        """Say it in words."""
        probability = self.fitted.sentences() if self.fitted else [str(self.probability)]
        tried = (
            []
            if self.acquisition is None
            else [
                self.acquired.failures_in_words(
                    failed=int(self.acquisition.failed.sum()), photos=self.acquisition.photos
                )
            ]
        )
        return [*self.choice.sentences(), *tried, *self.margin.sentences(), *probability]

    def _acquisition_json(self) -> dict[str, object]:
        if self.acquisition is None:
            return {}
        return {
            "acquisition": {
                "photos": self.acquisition.photos,
                "failed": int(self.acquisition.failed.sum()),
                "fta": self.acquisition.rate(),
                "without": {
                    "strangers": to_json(self.acquired.strangers),
                    "rejected": to_json(self.acquired.rejected),
                },
            }
        }
