"""`OneShotRun`: one trial set of one-shot classification, its drawings and its answers."""

from dataclasses import dataclass

import numpy as np

from likeness.arrays import Codes, Images, check_images
from likeness.errors import DataError


@dataclass(frozen=True, eq=False, kw_only=True)
class OneShotRun:
    """One image each of several new identities, and probes to recognise by them.

    Args:
        name: of the run.
        gallery: ``(ways, rows, columns, channels)``, one image of each identity.
        probes: ``(q, rows, columns, channels)``, none of them in the gallery.
        answers: ``(q,)``, the gallery row of each probe's identity.

    Raises:
        DataError: the images are none, or an answer is no row of the gallery.

    >>> nothing = np.zeros((2, 4, 4, 1), np.uint8)
    >>> run = OneShotRun(name="run01", gallery=nothing, probes=nothing, answers=[1, 0])
    >>> run.ways, run.answers.tolist()
    (2, [1, 0])
    """

    name: str
    gallery: Images
    probes: Images
    answers: Codes

    def __post_init__(self) -> None:
        answers = np.array(self.answers, dtype=np.int64)
        for part in ("gallery", "probes"):
            images = check_images(getattr(self, part), argument=part).view()
            images.flags.writeable = False
            object.__setattr__(self, part, images)
        rows = len(self.gallery)
        if answers.shape != (len(self.probes),) or not ((answers >= 0) & (answers < rows)).all():
            raise DataError(
                f"answers: expected {len(self.probes)} rows of the gallery, 0 to {rows - 1}. "
                f"Received: {np.array2string(answers, threshold=8)}."
            )
        answers.flags.writeable = False
        object.__setattr__(self, "answers", answers)

    @property
    def ways(self) -> int:
        """How many identities there are to choose from."""
        return len(self.gallery)
