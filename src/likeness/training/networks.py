"""The network of a recipe, and its feed."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Prepared
from likeness.datasets.sampling import LabelledPairs, hard_pairs
from likeness.encoders import ENCODERS, EnergyLayer, Views, Whitening, finished
from likeness.encoders.cells import projection_head
from likeness.encoders.finished import joined, readings_of, unweighed
from likeness.energies import energy_matrix
from likeness.training.augmentation import Augmentation, ElasticDistortion, StrokeJitter
from likeness.training.feeds import BatchFeed, PairFeed
from likeness.training.losses import (
    BatchContrastiveLoss,
    ContrastiveLoss,
    CosineHead,
    MarginSoftmaxLoss,
    SupervisedContrastiveLoss,
    TripletLoss,
)
from likeness.training.recipe import TrainingRecipe, epoch_seed

FEW_STEPS = 8
"""Up to this many batches in all, a network is trained without being compiled first."""

BY_XLA = keras.backend.backend() == "jax"
"""Whether XLA compiles a step of training. TensorFlow's graphs are as fast without it; on JAX each
operation would be compiled and called by itself."""

_SYNTHETIC = 2.0
"""Strength of the distortion of a synthetic person; twice the usual variation of handwriting."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedPeople:
    """Prepared items and whose they are: to learn from, or to measure on.

    Args:
        items: ``(n, ...)``, what the encoder reads.
        codes: ``(n,)``, 0…identities−1.
        source_person: ``(n,)``: equal for a person and the synthetic people derived by mirroring,
            rotation or distortion; the codes if there are none.
        pairs: the only pairs that count; None for all, or to draw them freely.
        groups: ``(n,)``, equal within an identity; a batch is drawn from one of them.
        labels: ``(n,)``, nuisance labels, for a whitening that removes their directions.
    """

    items: Prepared
    codes: Codes
    source_person: Codes | None = None
    pairs: LabelledPairs | None = None
    groups: Codes | None = None
    labels: Codes | None = None

    def extended(self, recipe: TrainingRecipe) -> Self:
        """Return the same with the further people that the recipe asks for.

        Fixed pairs refer to the given photos: then no people are added.
        """
        if self.pairs is not None:
            return replace(self, source_person=self.codes)
        sampling, items, codes = recipe.sampling, self.items, self.codes
        parts = [items]
        if sampling.turn_identities:
            parts = [np.rot90(items, quarters, axes=(1, 2)) for quarters in range(4)]
        if sampling.mirror_identities:
            parts += [part[:, :, ::-1] for part in parts]
        for index in range(sampling.elastic_identities):
            seed = recipe.seed_of("elastic identities", index)
            parts.append(ElasticDistortion(_SYNTHETIC, seed).by_identity(items, codes))
        people = int(codes.max()) + 1
        return replace(
            self,
            items=np.concatenate(parts),
            codes=np.concatenate([codes + people * index for index in range(len(parts))]),
            source_person=np.tile(codes, len(parts)),
            groups=None if self.groups is None else np.tile(self.groups, len(parts)),
        )

    def feed(self, recipe: TrainingRecipe, encoder: Any) -> BatchFeed | PairFeed:
        """Return the feed of one training; its epochs are the recipe's."""
        sampling, steps = recipe.sampling, recipe.schedule.steps
        if recipe.mode == "batches":
            return BatchFeed(
                self.items,
                self.codes,
                identities=min(sampling.identities, self._fewest_identities()),
                items_each=sampling.items_each,
                batches=steps,
                seed=recipe.seed,
                groups=self.groups,
            )
        draw = partial(self._drawn_pairs, recipe, encoder)
        return PairFeed(self.items, draw, batch_size=sampling.pairs)

    def _fewest_identities(self) -> int:
        """Return the smallest number of identities in a group."""
        groups = np.zeros_like(self.codes) if self.groups is None else self.groups
        return min(len(np.unique(self.codes[groups == group])) for group in np.unique(groups))

    def _drawn_pairs(self, recipe: TrainingRecipe, encoder: Any, epoch: int) -> LabelledPairs:
        """Return an epoch's pairs: the fixed ones, or drawn by the energies of the moment."""
        count = recipe.schedule.steps * recipe.sampling.pairs
        if self.pairs is not None:
            # Published figures hang on the first epoch's having the number 2 here, and 1 below.
            return _cycled(self.pairs, count, epoch_seed(recipe.seed, epoch + 2))
        half, seed = count // 2, epoch_seed(recipe.seed, epoch + 1)
        drawn = hard_pairs(
            self.codes,
            energy_matrix(recipe.energy, embed_prepared(encoder, self.items)),
            genuine=half,
            impostor=half,
            # Before the first epoch too: untrained convolutions already separate people a little.
            temperature=recipe.sampling.hard_pair_temperature,
            seed=seed,
            source_person=self.source_person,
        )
        return _cycled(_balanced(drawn), 2 * half, seed)


def build_encoder(recipe: TrainingRecipe, shape: tuple[int, ...] | None = None) -> Any:
    """Return the recipe's encoder with its initial weights.

    Args:
        recipe: of the training.
        shape: of one prepared item; of the recipe's photos if not given.
    """
    settings = recipe.encoder
    return ENCODERS[settings.kind](
        shape or recipe.preparation.shape,
        embedding_size=settings.embedding_size,
        width=settings.width,
        seed=recipe.seed_of("initial weights"),
        **({"stride": settings.stride} if settings.stride > 1 else {}),
    )


def finished_encoder(recipe: TrainingRecipe, encoder: Any, learned: PreparedPeople) -> Any:
    """Return the final encoder, whitened on the training items."""
    whitening = None
    if recipe.whitening.kind != "none":
        each = [_fitted(recipe, learned, part) for part in _by_reading(recipe, encoder, learned)]
        whitening = each if len(each) > 1 else each[0]
    return finished(encoder, **vars(recipe.views), whitening=whitening)


def _fitted(
    recipe: TrainingRecipe, learned: PreparedPeople, embeddings: NDArray[np.float32]
) -> Whitening:
    settings = recipe.whitening
    if settings.kind == "spread":
        return Whitening.fit(
            embeddings, shrinkage=settings.shrinkage, directions=settings.directions
        )
    return Whitening.fit_within_class(
        embeddings,
        learned.codes,
        learned.labels,
        shrinkage=settings.shrinkage,
        directions=settings.directions,
    )


def _by_reading(
    recipe: TrainingRecipe, encoder: Any, learned: PreparedPeople
) -> list[NDArray[np.float32]]:
    """Return the ``(n, d)`` embeddings that a whitening is fitted on, one array per reading.

    For the spread, of all views of all items; within a class, of the items as they are: views of
    one item differ less than two items do, and would make identities look narrower.
    """
    chunks: list[Prepared] = _chunks(learned.items, 128)
    if recipe.whitening.kind == "spread":
        views = Views(**vars(recipe.views))
        chunks = [
            chunk
            for part in _chunks(learned.items, 64)
            for chunk in _chunks(keras.ops.convert_to_numpy(views(part)), 128)
        ]
    single, readings = unweighed(encoder), readings_of(encoder)
    embeddings = [keras.ops.convert_to_numpy(single(chunk, training=False)) for chunk in chunks]
    parts = [np.split(part, readings) for part in embeddings]
    return [np.concatenate([part[reading] for part in parts]) for reading in range(readings)]


def untrained_encoder(recipe: TrainingRecipe) -> Any:
    """Return the recipe's final encoder, with its initial weights."""
    return joined([_untrained_member(recipe) for _ in range(recipe.encoder.ensemble_size)])


def _untrained_member(recipe: TrainingRecipe) -> Any:
    encoder = build_encoder(recipe)
    whitening: Whitening | list[Whitening] | None = None
    if recipe.whitening.kind != "none":
        readings = readings_of(encoder)
        size = recipe.encoder.embedding_size // readings
        kept = min(recipe.whitening.directions or size, size)
        nothing_yet = Whitening(mean=np.zeros(size), matrix=np.eye(size, kept))
        whitening = [nothing_yet] * readings if readings > 1 else nothing_yet
    return finished(encoder, **vars(recipe.views), whitening=whitening)


def build_network(recipe: TrainingRecipe, encoder: Any, classes: int) -> Any:
    """Return the compiled network whose training trains ``encoder``."""
    layers = _distortions(recipe)

    def distorted(photos: Any) -> Any:
        for layer in layers:
            photos = layer(photos)
        return photos

    if recipe.mode == "pairs":
        network = _pair_network(recipe, encoder, distorted)
    else:
        photo = keras.layers.Input(encoder.input_shape[1:], name="photo")
        output = encoder(distorted(photo))
        if recipe.encoder.projection_head:
            output = projection_head(encoder, seed=recipe.seed_of("projection head"))(output)
        if recipe.loss.kind == "margin_softmax":
            head = CosineHead(
                classes,
                seed=recipe.seed_of("class directions"),
                spread=recipe.loss.class_spread,
                name="classes",
            )
            output = head(output)
        network = keras.Model(photo, output)
    schedule = recipe.schedule
    rate = WarmCosine(schedule.learning_rate, schedule.epochs * schedule.steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=schedule.weight_decay)
    network.compile(
        optimizer=optimizer,
        loss=_loss(recipe),
        jit_compile=BY_XLA,
        # Compiling takes longer than it saves for this few steps.
        run_eagerly=schedule.epochs * schedule.steps <= FEW_STEPS and not BY_XLA,
    )
    # Else its variables come with the first step, which TensorFlow then traces twice.
    network.optimizer.build(network.trainable_variables)
    return network


@keras.saving.register_keras_serializable(package="likeness")
class WarmCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the first tenth of the steps, then falls by half a cosine.

    From 5 % of the highest to it, then to 1 %. As Keras' `CosineDecay` with a warm-up, but for its
    branches: Keras traces the schedule anew for every weight, and a branch is a graph.

    Args:
        highest: the highest learning rate.
        steps: batches in all.
    """

    def __init__(self, highest: float, steps: int) -> None:
        super().__init__()
        self.highest = highest
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, 0…"""
        rising = max(1, self.steps // 10)
        falling = max(1, self.steps - rising)
        step = keras.ops.cast(step, "float32")
        fallen = keras.ops.clip((step - rising) / falling, 0.0, 1.0)
        cosine = 0.5 * (1 + keras.ops.cos(math.pi * fallen))
        share = keras.ops.minimum(0.05 + 0.95 * step / rising, 0.01 + 0.99 * cosine)
        return self.highest * share

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"highest": self.highest, "steps": self.steps}


def _distortions(recipe: TrainingRecipe) -> list[Any]:
    settings = recipe.augmentation
    layers = [
        Augmentation(
            settings.geometry,
            settings.brightness_contrast,
            settings.erasing,
            seed=recipe.seed_of("augmentation"),
            paper=recipe.preparation.frame != "whole",
            name="augmentation",
        )
    ]
    if settings.elastic or settings.identity_elastic:
        layers.append(
            ElasticDistortion(
                settings.elastic,
                seed=recipe.seed_of("elastic distortion"),
                shared=settings.identity_elastic,
                alike=recipe.sampling.items_each,
                name="elastic_distortion",
            )
        )
    if settings.stroke_jitter:
        jitter_seed = recipe.seed_of("stroke jitter")
        layers.append(StrokeJitter(settings.stroke_jitter, seed=jitter_seed, name="stroke_jitter"))
    return layers


def _pair_network(recipe: TrainingRecipe, encoder: Any, distorted: Callable[[Any], Any]) -> Any:
    """Return a `SiameseNet` for training: both sides pass the towers as one batch.

    Batch normalisation then sees left and right photos together; separate batches would normalise
    the two photos of a pair differently.
    """
    shape = encoder.input_shape[1:]
    left, right = (keras.layers.Input(shape, name=side) for side in ("left", "right"))
    both = keras.layers.Concatenate(axis=0, name="both")([left, right])
    halves = keras.ops.split(encoder(distorted(both)), 2, axis=0)
    return keras.Model([left, right], EnergyLayer(recipe.energy, name="energy")(*halves))


def embed_prepared(encoder: Any, items: Prepared) -> NDArray[np.float32]:
    """Return ``(n, d)`` embeddings of prepared items."""
    # Small batches: an encoder computes several views and readings of each item, and Keras keeps
    # the outputs of all layers.
    parts = [
        keras.ops.convert_to_numpy(encoder(chunk, training=False)) for chunk in _chunks(items, 32)
    ]
    embeddings: NDArray[np.float32] = np.concatenate(parts)
    return embeddings


def _chunks(items: Prepared, size: int) -> list[Prepared]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _balanced(drawn: LabelledPairs) -> LabelledPairs:
    """Repeat the genuine pairs up to the number of impostor pairs."""
    genuine, impostor = np.flatnonzero(drawn.genuine), np.flatnonzero(~drawn.genuine)
    return drawn.take(np.concatenate([np.resize(genuine, len(impostor)), impostor]))


def _cycled(pairs: LabelledPairs, count: int, seed: int) -> LabelledPairs:
    """Return ``count`` of the pairs in a random order, all once before any is repeated."""
    rng = np.random.default_rng(seed)
    rounds = -(-count // len(pairs))
    order = np.concatenate([rng.permutation(len(pairs)) for _ in range(rounds)])
    return pairs.take(order[:count])


def _loss(recipe: TrainingRecipe) -> Any:
    loss = recipe.loss
    if recipe.mode == "pairs":
        return ContrastiveLoss(loss.margin, loss.genuine_margin)
    if loss.kind == "margin_softmax":
        return MarginSoftmaxLoss(loss.scale, loss.margin)
    if loss.kind == "supervised_contrastive":
        return SupervisedContrastiveLoss(loss.scale, loss.margin)
    if loss.kind == "contrastive":
        return BatchContrastiveLoss(loss.margin, loss.genuine_margin)
    return TripletLoss(loss.margin)
