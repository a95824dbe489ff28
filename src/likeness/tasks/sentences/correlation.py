"""Correlation loss: energies that fall as the similarity that people judged rises.

One minus Pearson's correlation between the energies of a batch, turned round, and the pairs'
scores. Unlike the squared error it does not ask which energy a score of 3 should have, only
that energies and scores lie on one falling line; so nothing is spent on scale and offset.
(Pearson's correlation is how the STS tasks are scored: E. Agirre et al., «SemEval-2012 Task 6:
A Pilot on Semantic Textual Similarity», section 4.)
"""

from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

GUARD = 1e-12
"""Sums of squares below this are lifted to it: a batch whose scores or energies are all equal
has the loss 1 and no gradient, not NaN."""


def correlation(score: Any, energy: Any, *, xp: ModuleType = np) -> Any:
    """Return ``1 + r(score, energy)``, one number from 0 (a falling line) to 2.

    Args:
        score: ``(n,)``, larger is more alike.
        energy: ``(n,)``, lower is more alike.
        xp: the array namespace, NumPy or ``keras.ops``.

    >>> import numpy as np
    >>> float(correlation(np.array([0.0, 1.0, 5.0]), np.array([0.9, 0.8, 0.4])).round(9))
    0.0
    """
    scores = score - xp.mean(score)
    energies = energy - xp.mean(energy)
    spread = xp.maximum(xp.sum(scores * scores), GUARD) * xp.maximum(
        xp.sum(energies * energies), GUARD
    )
    return 1.0 + xp.sum(scores * energies) / xp.sqrt(spread)


@keras.saving.register_keras_serializable(package="likeness")
class CorrelationLoss(keras.losses.Loss):
    """`correlation` for ``SiameseNet.compile``: targets are scores. Use batches of 32 or more.

    Args:
        name: of the loss.
    """

    def __init__(self, name: str = "correlation") -> None:
        super().__init__(name=name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` or ``(n, 1)`` scores and energies."""
        scores = ops.reshape(ops.cast(y_true, y_pred.dtype), (-1,))
        return correlation(scores, ops.reshape(y_pred, (-1,)), xp=ops)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name}
