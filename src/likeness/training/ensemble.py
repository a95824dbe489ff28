"""Several networks for one model: trained one after the other, joined side by side.

Each begins elsewhere and sees other batches, so each errs elsewhere; their mean errs less than
any of them (B. Lakshminarayanan, A. Pritzel, C. Blundell, «Simple and Scalable Predictive
Uncertainty Estimation using Deep Ensembles», NeurIPS 2017). What comes of it is one encoder: the
cosine of two of its embeddings is the mean of the members' cosines.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from likeness.arrays import Codes, Prepared
from likeness.encoders.finished import joined
from likeness.training.fitting import Fit, FitOptions, fit_once
from likeness.training.progress import OnProgress, TrainingProgress
from likeness.training.recipe import TrainingRecipe
from likeness.training.seeds import member_seed


def fit_ensemble(recipe: TrainingRecipe, items: Prepared, codes: Codes, options: FitOptions) -> Fit:
    """Train the recipe's networks and return them as one.

    If Ctrl-C comes, the finished ones are joined; one that was cut short is only taken if there is
    no other.

    Args:
        recipe, items, codes, options: as `fit_once` takes them.

    Raises:
        KeyboardInterrupt: Ctrl-C came before the first epoch of the first network was done.
        TrainingFailedError: a loss became NaN or infinite.
    """
    size = recipe.encoder.ensemble_size
    if size == 1:
        return fit_once(recipe, items, codes, options)
    fits: list[Fit] = []
    for member in range(size):
        of_member = recipe.replace(
            encoder={"ensemble_size": 1}, seed=member_seed(recipe.seed, member)
        )
        try:
            fit = fit_once(of_member, items, codes, _options(options, member, size))
        except KeyboardInterrupt:
            if not fits:
                raise
            return _joined(fits, interrupted=True)
        if fit.interrupted:
            return _joined(fits or [fit], interrupted=True)
        fits.append(fit)
    return _joined(fits, interrupted=False)


def _options(options: FitOptions, member: int, size: int) -> FitOptions:
    """Return the options of one member, which tells its progress as a part of the whole."""
    tell = options.on_progress
    log_dir = options.log_dir
    return replace(
        options,
        on_progress=None if tell is None else _part(tell, member, size),
        log_dir=None if log_dir is None else log_dir / f"member_{member + 1}",
    )


def _part(tell: OnProgress, member: int, size: int) -> OnProgress:
    def told(progress: TrainingProgress) -> None:
        done = member * progress.steps + progress.step
        tell(replace(progress, step=done, steps=size * progress.steps))

    return told


def _joined(fits: Sequence[Fit], *, interrupted: bool) -> Fit:
    epochs = min(len(fit.history["loss"]) for fit in fits)
    history = {
        series: np.mean([fit.history[series][:epochs] for fit in fits], axis=0).tolist()
        for series in fits[0].history
    }
    return Fit(
        encoder=joined([fit.encoder for fit in fits]),
        history=history,
        # As many as the longest needed: the learning rate falls along the whole schedule.
        best_epoch=max(fit.best_epoch for fit in fits),
        interrupted=interrupted,
    )
