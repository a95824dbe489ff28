"""What others report on the same twenty runs, and where it stands.

Learned from five alphabets alone: the «minimal» setting, small1 and small2 apart where the
source tells them apart. The figures of `SCIENCE` were read in the article itself; the one of
`REPORT` in a summary of its table, not in the table.
"""

from dataclasses import asdict, dataclass
from typing import Any

SCIENCE = (
    "B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum, «Human-level concept learning through "
    "probabilistic program induction», Science 350:1332–1338, 2015, p. 1335–1336"
)
REPORT = (
    "B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum, «The Omniglot challenge: a 3-year progress "
    "report», Current Opinion in Behavioral Sciences 29:97–104, 2019 (arXiv:1902.03477); quoted "
    "from a summary of its table"
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """An error that somebody reports.

    Args:
        title: of the method.
        learned_from: what.
        percent: errors: one figure, or one for small1 and one for small2.
        source: where it stands.
    """

    title: str
    learned_from: str
    percent: tuple[float, ...]
    source: str

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self) | {"percent": list(self.percent)}


FIVE = "five alphabets (small1, small2)"
FIVE_MEAN = "five alphabets"
THIRTY = "thirty alphabets"
NOTHING = "nothing"

PUBLISHED = (
    Published(title="deep convnet", learned_from=FIVE, percent=(24.0, 22.3), source=SCIENCE),
    Published(
        title="prototypical networks", learned_from=FIVE_MEAN, percent=(30.1,), source=REPORT
    ),
    Published(
        title="Bayesian program learning (uses strokes)",
        learned_from=FIVE,
        percent=(4.3, 4.0),
        source=SCIENCE,
    ),
    Published(title="deep convnet", learned_from=THIRTY, percent=(13.5,), source=SCIENCE),
    Published(
        title="deep Siamese convnet (Koch)", learned_from=THIRTY, percent=(8.0,), source=SCIENCE
    ),
    Published(
        title="modified Hausdorff distance", learned_from=NOTHING, percent=(38.8,), source=SCIENCE
    ),
    Published(title="people", learned_from="a life", percent=(4.5,), source=SCIENCE),
)
