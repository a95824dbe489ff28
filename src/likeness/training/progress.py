"""How a training tells where it is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TrainingProgress:
    """Where a training is.

    Args:
        stage: "choosing" (some people held out) or "final" (on everybody).
        step: batches learned from in this stage.
        steps: batches that this stage has at most.
        loss: mean of the epoch so far.
        held_out_auc: after the last epoch; None before, or without held-out people.
    """

    stage: str
    step: int
    steps: int
    loss: float
    held_out_auc: float | None = None


OnProgress = Callable[[TrainingProgress], None]
