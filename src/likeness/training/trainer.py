"""`train`: from a recipe and a data set to a model with a threshold.

Two stages. *Choosing*: a share of the people is held out; the network learns from the
others, the epoch with the best AUC on the held-out people is kept, and the threshold is set
on their energies. *Final* (``refit``): a fresh network learns from everybody for as many
epochs, and takes the threshold over. So nothing is chosen on training people, and all photos are
used. That the threshold is valid for the second network is an assumption; the accuracy on unseen
people at that threshold tests it.

The figures on held-out people are shown on the model's card. They are of the network of the
choosing stage, which was not trained on them. As its epoch and threshold were chosen on them, no
accuracy is reported.
"""

import datetime
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from likeness import __version__
from likeness.arrays import Codes, Energies, Prepared
from likeness.datasets.items import Dataset, split_by_identity
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import SettingError, TooFewError
from likeness.evaluation import (
    Evaluation,
    PairEnergies,
    PairRule,
    choose_threshold,
    evaluate_matrix,
    evaluate_pairs,
)
from likeness.evaluation.baselines import ChosenOn
from likeness.evaluation.leaks import Learned
from likeness.evaluation.pair_energies import EnergyHistogram
from likeness.evaluation.results import ProtocolResult
from likeness.model.siamese_model import SiameseModel
from likeness.training.fitting import Fit, FitOptions, fit_ensemble, fit_once
from likeness.training.networks import PreparedPeople, embed_prepared
from likeness.training.process import OnProgress
from likeness.training.recipe import TrainingRecipe

FEWEST_TO_HOLD_OUT = 6
"""Fewest people with two photos or more for holding some out."""


@dataclass(frozen=True, kw_only=True)
class _TrainedModel:
    """A model, and the evidence behind its threshold.

    Args:
        model: with a threshold, if there were people or pairs to choose one on.
        chosen_on: energies of the genuine and of the impostor pairs that it was chosen on.
        measured: what was measured on the people held out: these energies and who is in each
            pair, for probabilities, say.
    """

    model: SiameseModel
    chosen_on: ChosenOn | None = None
    measured: Evaluation | None = None


def train(
    recipe: TrainingRecipe,
    data: Dataset,
    *,
    on_progress: OnProgress | None = None,
    log_dir: str | Path | None = None,
) -> SiameseModel:
    """Train a model on photos of people.

    Ctrl-C ends the training and returns the best model so far; before the end of the first epoch,
    the `KeyboardInterrupt` is raised.

    Args:
        recipe: all settings.
        data: at least two people with two photos each; from six people on, some are held
            out to choose the epoch and the threshold, below that there is no threshold.
        on_progress: called after every batch.
        log_dir: where to write TensorBoard logs, if anywhere.

    Returns:
        The model; ``model.record`` holds recipe, data, histories, people held out and the
        figures on them, counts of pairs behind the threshold, seconds, date, and whether it
        was interrupted.

    Raises:
        TooFewError: the data has too few people or photos.
        TrainingFailedError: the loss became NaN.
        MissingExtraError: Keras is not installed.
    """
    return train_and_measure(recipe, data, on_progress=on_progress, log_dir=log_dir).model


def train_and_measure(
    recipe: TrainingRecipe,
    data: Dataset,
    *,
    on_progress: OnProgress | None = None,
    log_dir: str | Path | None = None,
) -> _TrainedModel:
    """Train a model as `train` does, and return the evidence on the people held out with it."""
    data.require(identities=2, items_each=2)
    began = time.perf_counter()
    rest, held = _hold_out(recipe, data)
    held_out = None if held is None else _held_out(recipe, held)
    options = FitOptions(
        stage="choosing",
        epochs=recipe.schedule.epochs,
        held_out=held_out,
        on_progress=on_progress,
        log_dir=None if log_dir is None else Path(log_dir),
    )
    fits = {"choosing": fit_ensemble(recipe, _to_learn(recipe, rest), options)}
    measured = _measure(recipe, fits["choosing"], held_out)
    decided = _choose_threshold(held, measured)
    if recipe.schedule.refit and held is not None and not fits["choosing"].interrupted:
        epochs = fits["choosing"].best_epoch
        options = replace(options, stage="final", epochs=epochs, held_out=None)
        fits |= _unless_interrupted(recipe, _to_learn(recipe, data), options)
    model = _model(recipe, data, fits, decided, seconds=time.perf_counter() - began)
    if held is None or held_out is None or measured is None:
        return _TrainedModel(model=model)
    result = _held_out_result(
        measured, rest, held, held_out.items, seed=recipe.seed, counted=held_out.pairs
    )
    return _TrainedModel(
        model=replace(model, record={**model.record, "held_out": result.to_json()}),
        chosen_on=(measured.pairs.genuine, measured.pairs.impostor),
        measured=measured,
    )


def train_on_pairs(
    recipe: TrainingRecipe,
    data: Dataset,
    pairs: LabelledPairs,
    *,
    on_progress: OnProgress | None = None,
) -> _TrainedModel:
    """Train a model on exactly these pairs, as in the student exercise: nobody is held out.

    The threshold is the best one on the training pairs themselves.

    Args:
        recipe: of mode "pairs"; nobody is mirrored, and all epochs are learned.
        data: what the pairs index.
        pairs: genuine and impostor ones.
        on_progress: called after every batch.

    Raises:
        SettingError: the recipe is of another mode.
        TooFewError: there is no genuine or no impostor pair.
    """
    if recipe.mode != "pairs":
        raise SettingError(f"mode: expected 'pairs'. Received: {recipe.mode!r}.")
    if not 0 < pairs.genuine.sum() < len(pairs):
        raise TooFewError(
            "pairs: expected genuine and impostor pairs. Received: "
            f"{int(pairs.genuine.sum())} genuine pairs of {len(pairs)}."
        )
    began = time.perf_counter()
    options = FitOptions(stage="final", epochs=recipe.schedule.epochs, on_progress=on_progress)
    people = PreparedPeople(items=recipe.preparation(data.items), codes=data.codes, pairs=pairs)
    fit = fit_once(recipe, people, options)
    embeddings = embed_prepared(fit.encoder, people.items)
    energies = energy_by_name(recipe.energy)(*(embeddings[side] for side in pairs.pairs.T))
    chosen_on = energies[pairs.genuine], energies[~pairs.genuine]
    decided = _Decided.on(*chosen_on, people=data.distinct)
    model = _model(recipe, data, {"final": fit}, decided, seconds=time.perf_counter() - began)
    return _TrainedModel(model=model, chosen_on=chosen_on)


@dataclass(frozen=True, kw_only=True)
class _Decided:
    """A threshold and its evidence."""

    threshold: float | None = None
    people: tuple[str, ...] = ()
    genuine_pairs: int = 0
    impostor_pairs: int = 0
    energies: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def on(cls, genuine: Energies, impostor: Energies, *, people: tuple[str, ...]) -> Self:
        """Return the threshold with the best accuracy on the energies of people's pairs."""
        return cls(
            threshold=choose_threshold(genuine, impostor),
            people=people,
            genuine_pairs=len(genuine),
            impostor_pairs=len(impostor),
            energies=EnergyHistogram.of(genuine, impostor).to_json(),
        )


def _hold_out(recipe: TrainingRecipe, data: Dataset) -> tuple[Dataset, Dataset | None]:
    """Split off people for model selection; none if there are too few.

    Who has a single photo shows no genuine pair, and is learned from.
    """
    able = len(data.identities_with(2))
    if recipe.schedule.held_out == 0 or len(data.distinct) < FEWEST_TO_HOLD_OUT or able < 4:
        return data, None
    share, seed = recipe.schedule.held_out, recipe.seed
    return split_by_identity(data, held_out=share, seed=seed, items_each=2)


def _held_out(recipe: TrainingRecipe, held: Dataset) -> PreparedPeople:
    rule = PairRule.of(recipe.as_dict())
    pairs = rule.pairs(held) if rule else None
    return PreparedPeople(items=recipe.preparation(held.items), codes=held.codes, pairs=pairs)


def _to_learn(recipe: TrainingRecipe, data: Dataset) -> PreparedPeople:
    """Return what is learned from: a person is another identity under each label of a group."""
    within, across = recipe.sampling.within, recipe.sampling.across
    groups = _numbers(data.facet(within)) if within else None
    facets = [data.facet(name) for name in (within, across) if name]
    return PreparedPeople(
        items=recipe.preparation(data.items),
        codes=data.codes if groups is None else _numbers(groups * len(data.distinct) + data.codes),
        groups=groups,
        # What is written and on what says nothing of an identity.
        labels=_numbers(["\0".join(item) for item in zip(*facets, strict=True)])
        if facets
        else None,
    )


def _numbers(labels: Any) -> Codes:
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


def _measure(
    recipe: TrainingRecipe, fit: Fit, held_out: PreparedPeople | None
) -> Evaluation | None:
    """Measure the network of the choosing stage on the people that it has not learned."""
    if held_out is None:
        return None
    embeddings = embed_prepared(fit.encoder, held_out.items)
    matrix = energy_matrix(recipe.energy, embeddings)
    return _evaluate_counted(matrix, held_out.codes, held_out.pairs)


def _choose_threshold(held: Dataset | None, measured: Evaluation | None) -> _Decided:
    if held is None or measured is None:
        return _Decided()
    pairs = measured.pairs
    return _Decided.on(pairs.genuine, pairs.impostor, people=held.distinct)


def _unless_interrupted(
    recipe: TrainingRecipe, people: PreparedPeople, options: FitOptions
) -> dict[str, Fit]:
    """Return the final fit, or nothing if Ctrl-C ended it.

    A final network that was cut short is worse than the finished one of the first stage.
    """
    try:
        fit = fit_ensemble(recipe, people, options)
    except KeyboardInterrupt:
        return {}
    return {} if fit.interrupted else {"final": fit}


def _model(
    recipe: TrainingRecipe,
    data: Dataset,
    fits: dict[str, Fit],
    decided: _Decided,
    *,
    seconds: float,
) -> SiameseModel:
    kept = fits.get("final", fits.get("choosing"))
    assert kept is not None
    wanted_final = recipe.schedule.refit and bool(decided.people)
    record: dict[str, Any] = {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "likeness": __version__,
        "recipe": recipe.as_dict(),
        "data": data.record(),
        "threshold": asdict(decided),
        "histories": {stage: fit.history for stage, fit in fits.items()},
        "epochs": kept.best_epoch,
        "interrupted": kept.interrupted or (wanted_final and "final" not in fits),
        "seconds": round(seconds, 1),
    }
    return SiameseModel(
        preparation=recipe.preparation,
        encoder=kept.encoder,
        energy=recipe.energy,
        threshold=decided.threshold,
        record=record,
    )


_REPETITIONS = (100, 500)
"""Fewest and most draws of people behind an interval."""

_MOST_PAIRS = 100_000_000
"""So many pairs are counted at most, all draws together."""


def _held_out_result(
    measured: Evaluation,
    rest: Dataset,
    held: Dataset,
    prepared: Prepared,
    *,
    seed: int,
    counted: LabelledPairs | None = None,
) -> ProtocolResult:
    """Return the figures on the people held out.

    Args:
        measured: the network on them.
        rest: what it learned from.
        held: the people held out.
        prepared: their photos as the network reads them: raw pixels stand beside it.
        seed: of the training.
        counted: the pairs that count; all if not given.
    """
    pixels = energy_matrix("euclidean", prepared.reshape(len(prepared), -1))
    baseline = _evaluate_counted(pixels, held.codes, counted)
    low, high = _REPETITIONS
    pairs = len(measured.pairs.genuine) + len(measured.pairs.impostor)
    return ProtocolResult.of(
        {"network": [measured], "raw_pixels": [baseline]},
        held,
        Learned.of(rest).leaks_into(held, measured.pairs),
        protocol="held-out",
        title=f"{len(held.distinct)} people held out of training",
        seeds={"recipe": seed},
        repetitions=min(max(low, _MOST_PAIRS // pairs), high),
    )


def _evaluate_counted(matrix: Energies, codes: Codes, pairs: LabelledPairs | None) -> Evaluation:
    """Measure on the pairs that count; one-shot trials only where all of them do."""
    if pairs is None:
        return evaluate_matrix(matrix, codes, threshold=None)
    return evaluate_pairs(PairEnergies.of_matrix(matrix, codes, pairs), threshold=None)
