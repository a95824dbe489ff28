"""Figures: their names, format and marks in JSON, on terminals, pages and cards."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from likeness.arrays import Floats
from likeness.evaluation.rare_rates import wilson

DRAWN_MARK = "drawn faces, not AT&T"
"""Mark of a run on synthetic data."""

LEAK_MARK = "leaky split: not valid for unseen people"
"""Mark of a test part that holds people, photos or pairs of the training part."""

METHODS = {
    "network": "network",
    "raw_pixels": "raw pixels",
    "fisherfaces": "Fisherfaces",
    "modified_hausdorff": "modified Hausdorff distance",
}

_KINDS = {
    "auc": ("AUC", "area under the ROC", False),
    "eer": ("EER", "equal error rate", True),
    "tar_at_far": ("TAR @ FAR {}", "TAR at FAR {}", False),
    "accuracy": ("accuracy", "accuracy on balanced pairs", False),
    "frr": ("FRR", "genuine pairs rejected", True),
    "far": ("FAR", "impostor pairs accepted", True),
    "fpir": ("FPIR", "strangers identified as somebody", True),
    "fnir": ("FNIR", "enrolled people not found", True),
    "dir_at_fpir": ("DIR @ FPIR {}", "DIR at FPIR {}", False),
    "one_shot": ("{}-way one-shot", "{}-way one-shot", False),
    "rank_1": ("rank-1", "rank-1 identification", False),
    "fmr": ("FMR", "impostor pairs of acquired photos accepted", True),
    "fnmr": ("FNMR", "genuine pairs of acquired photos rejected", True),
    "fta": ("FTA", "photos without a usable face", True),
}
"""Kind → label, words, and whether smaller is better, in the order of a table's columns."""

_AT_A_RATE = ("tar_at_far", "dir_at_fpir")
_NOT_COMPARED = {"far", "frr", "fpir", "fnir", "fmr", "fnmr", "fta"}
"""Another threshold trades one for the other, so neither alone tells which method is better; the
FTA is that of the face detector, not of the method."""


class FigureName(str):
    """The name of a figure: its kind, and the rate or the number of people that it is at.

    It is the key of the figure in JSON, so `figures["auc"]` and `json.dumps` take it as it is.

    Args:
        kind: such as "auc", "tar_at_far", "dir_at_fpir" or "one_shot".
        at: the FAR or FPIR of the kinds that end so, the people of "one_shot"; None of others.

    >>> FigureName("one_shot", 10), FigureName("tar_at_far", 0.01)
    ('one_shot_10way', 'tar_at_far_1e-2')
    >>> FigureName("one_shot", 10).label, FigureName("tar_at_far", 0.01).words
    ('10-way one-shot', 'TAR at FAR 1 %')
    """

    kind: str
    at: float | None

    def __new__(cls, kind: str, at: float | None = None) -> "FigureName":
        name = super().__new__(cls, _key(kind, at))
        name.kind, name.at = kind, at
        return name

    @classmethod
    def from_json(cls, key: str) -> "FigureName":
        """Parse a name; an unknown one becomes its own kind."""
        for kind in (*_AT_A_RATE, "one_shot"):
            number = key.removeprefix(f"{kind}_").removesuffix("way")
            if number != key:
                try:
                    name = cls(kind, float(number))
                except ValueError:
                    continue
                if name == key:
                    return name
        return cls(key)

    @property
    def column(self) -> tuple[int, float, str]:
        """Its place among others, in the order of a table's columns."""
        kinds = list(_KINDS)
        index = kinds.index(self.kind) if self.kind in kinds else len(kinds)
        return index, self.at or 0.0, self

    @property
    def label(self) -> str:
        """For column headings."""
        return self._filled(0)

    @property
    def words(self) -> str:
        """For a sentence."""
        return self._filled(1)

    @property
    def smaller_is_better(self) -> bool:
        """Whether it is an error rate."""
        if self.kind in _KINDS:
            return _KINDS[self.kind][2]
        return self.endswith(("error", "error_rate", "eer"))

    @property
    def compared(self) -> bool:
        """Whether it alone can rank two methods."""
        return self.kind not in _NOT_COMPARED

    def _filled(self, which: int) -> str:
        known = _KINDS.get(self.kind)
        if known is None:
            return self.replace("_", " ")
        at = self.at or 0
        return str(known[which]).format(f"{100 * at:g} %" if self.kind in _AT_A_RATE else int(at))


def _key(kind: str, at: float | None) -> str:
    if at is None:
        return kind
    if kind == "one_shot":
        return f"one_shot_{int(at)}way"
    digits, _, power = f"{at:.0e}".partition("e")
    return f"{kind}_{digits}e{int(power)}"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure, the mean over folds, and the interval around it (percentile bootstrap)."""

    mean: float
    low: float
    high: float

    @classmethod
    def of_draws(cls, value: float, draws: Floats, *, level: float = 0.95) -> "Interval":
        """Return a value with the ends of the interval that holds this share of its draws,
        ``(n,)``.
        """
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        return cls(mean=value, low=float(low), high=float(high))

    @classmethod
    def of_share(cls, share: float, draws: Floats, *, trials: float) -> "Interval":
        """Return a share with its 95 % interval, its spread known from drawing the people again.

        The spread becomes a number of independent trials that would be as sure, and that number
        Wilson's interval. The quantiles of the draws would say «surely 0» where nothing went wrong.

        Args:
            share: 0…1.
            draws: ``(repetitions,)``, the share for people drawn again.
            trials: at most so many count; photos, or pairs of them.

        >>> Interval.of_share(0.0, np.zeros(9), trials=100).ends()
        '0.0–3.7'
        """
        spread = float(np.var(draws))
        count = min(trials, share * (1 - share) / spread) if spread > 0 else trials
        low, high = wilson(share, max(count, 1.0), NormalDist().inv_cdf(0.975))
        return cls(mean=share, low=low, high=high)

    def ends(self) -> str:
        """Return both ends in percent without the sign.

        >>> Interval(mean=0.98, low=0.9612, high=1.0).ends()
        '96.1–100'
        """
        return "–".join(f"{100 * end:.1f}".replace("100.0", "100") for end in (self.low, self.high))


def percent(rate: float | None) -> str:
    """Return a rate 0…1 in percent, one decimal; a dash for None.

    >>> percent(0.9412), percent(None)
    ('94.1 %', '–')
    """
    return "–" if rate is None else f"{100 * rate:.1f} %"


def rare_percent(rate: float) -> str:
    """Return a rate 0…1 in percent, with as many digits as a rare one needs.

    >>> rare_percent(0.00012), rare_percent(0.5)
    ('0.012 %', '50 %')
    """
    return f"{100 * rate:.2g} %" if rate < 0.1 else f"{100 * rate:.0f} %"


def method_label(name: str) -> str:
    """Return the label of a method."""
    return METHODS.get(name, name.replace("_", " "))


def watermark(*, drawn: bool, leaks: int = 0) -> str | None:
    """Return the mark of every table, picture and card made from a result.

    Args:
        drawn: whether the data are synthetic.
        leaks: how many people, photos and pairs of the test part were trained on.

    Returns:
        The marks in one line; None if there is no warning.

    >>> watermark(drawn=False, leaks=3)
    'leaky split: not valid for unseen people'
    """
    marks = [mark for mark, holds in ((DRAWN_MARK, drawn), (LEAK_MARK, leaks)) if holds]
    return " · ".join(marks) or None
