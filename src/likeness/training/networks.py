"""The network that a recipe trains, and the feed that goes with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Prepared
from likeness.datasets.sampling import LabelledPairs, hard_pairs
from likeness.encoders import (
    EnergyLayer,
    Views,
    Whitening,
    encoder_by_name,
    finished,
    fit_whitening,
    joined,
    readings_of,
    unweighed,
)
from likeness.encoders.projection import projection
from likeness.encoders.within import fit_within
from likeness.energies import energy_matrix
from likeness.training.augment import Bending, Distortions, StrokeWidth, bent_alike
from likeness.training.feeds import BatchFeed, PairFeed
from likeness.training.losses import (
    BatchContrastiveLoss,
    ContrastiveLoss,
    CosineHead,
    MarginSoftmaxLoss,
    SupervisedContrastiveLoss,
    TripletLoss,
)
from likeness.training.recipe import TrainingRecipe

FEW_STEPS = 8
"""Up to so many batches in all, a network is trained without being compiled first."""

BENT = 2.0
"""How strongly a further person is bent; twice as much as a hand usually varies."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingSet:
    """What is learned from: prepared items, their identities, and fixed pairs if any.

    Args:
        items: ``(n, ...)``, what the encoder reads.
        codes: ``(n,)``.
        kin: ``(n,)``: equal for a person and their mirrored, turned and bent doubles.
        pairs: the only pairs to learn from; None to draw pairs freely.
        groups: ``(n,)``, equal within an identity; None for a single one.
    """

    items: Prepared
    codes: Codes
    kin: Codes
    pairs: LabelledPairs | None = None
    groups: Codes | None = None


def training_set(
    recipe: TrainingRecipe,
    items: Prepared,
    codes: Codes,
    pairs: LabelledPairs | None,
    *,
    groups: Codes | None = None,
) -> TrainingSet:
    """Return what is learned from, with the further people that the recipe asks for.

    Fixed pairs refer to the photos as they are: nobody is added then.
    """
    parts = [items]
    if recipe.turn_identities and pairs is None:
        parts = [np.rot90(items, quarters, axes=(1, 2)) for quarters in range(4)]
    if recipe.mirror_identities and pairs is None:
        parts += [part[:, :, ::-1] for part in parts]
    if pairs is None:
        parts += [
            bent_alike(items, codes, strength=BENT, seed=recipe.seed + 100 + way)
            for way in range(recipe.bent_identities)
        ]
    people = int(codes.max()) + 1
    return TrainingSet(
        items=np.concatenate(parts),
        codes=np.concatenate([codes + people * place for place in range(len(parts))]),
        kin=np.tile(codes, len(parts)),
        pairs=pairs,
        groups=None if groups is None else np.tile(groups, len(parts)),
    )


def build_encoder(recipe: TrainingRecipe, shape: tuple[int, ...] | None = None) -> Any:
    """Return the recipe's encoder with its initial weights.

    Args:
        recipe: says which.
        shape: of one prepared item; that of the recipe's photos if not given.
    """
    return encoder_by_name(recipe.encoder)(
        shape or recipe.preparation.shape,
        embedding_size=recipe.embedding_size,
        width=recipe.width,
        seed=recipe.seed,
        **({"stride": recipe.stride} if recipe.stride > 1 else {}),
    )


@dataclass(frozen=True, eq=False)
class Labels:
    """What is known of the items that a whitening is fitted on.

    Args:
        codes: ``(n,)``, identities.
        others: ``(n,)``, labels that say nothing of an identity; None if there are none.
    """

    codes: Codes
    others: Codes | None = None


def finished_encoder(recipe: TrainingRecipe, encoder: Any, items: Prepared, labels: Labels) -> Any:
    """Return the encoder as it is used after training, whitened on the items learned from."""
    whitening = None
    if recipe.whitening:
        fit = _fit_within if recipe.evens_out == "within" else _fit_spread
        each = fit(recipe, encoder, items, labels)
        whitening = each if len(each) > 1 else each[0]
    return finished(encoder, mirrored=recipe.mirrored, shift=recipe.shift, whitening=whitening)


def _fit_spread(
    recipe: TrainingRecipe, encoder: Any, items: Prepared, labels: Labels
) -> list[Whitening]:
    """Return the whitening of each reading, fitted on all views of all items."""
    del labels  # Who is who does not matter.
    views = Views(mirrored=recipe.mirrored, shift=recipe.shift)
    chunks = [
        chunk
        for part in _chunks(items, 64)
        for chunk in _chunks(keras.ops.convert_to_numpy(views(part)), 128)
    ]
    return [
        fit_whitening(seen, shrinkage=recipe.shrinkage, directions=recipe.directions)
        for seen in _by_reading(encoder, chunks)
    ]


def _fit_within(
    recipe: TrainingRecipe, encoder: Any, items: Prepared, labels: Labels
) -> list[Whitening]:
    """Return the whitening of each reading, fitted on the items as they are.

    Views of one item differ less than two items do, and would make identities look narrower.
    """
    return [
        fit_within(
            seen,
            labels.codes,
            labels.others,
            shrinkage=recipe.shrinkage,
            directions=recipe.directions,
        )
        for seen in _by_reading(encoder, _chunks(items, 128))
    ]


def _by_reading(encoder: Any, chunks: Sequence[Prepared]) -> list[NDArray[np.float32]]:
    """Return the ``(n, d)`` embeddings that a whitening is fitted on, one array per reading."""
    single, readings = unweighed(encoder), readings_of(encoder)
    seen = [keras.ops.convert_to_numpy(single(chunk, training=False)) for chunk in chunks]
    parts = [np.split(embeddings, readings) for embeddings in seen]
    return [np.concatenate([part[reading] for part in parts]) for reading in range(readings)]


def untrained_encoder(recipe: TrainingRecipe) -> Any:
    """Return the recipe's encoder as it is used, with its initial weights."""
    return joined([_untrained_member(recipe) for _ in range(recipe.members)])


def _untrained_member(recipe: TrainingRecipe) -> Any:
    encoder = build_encoder(recipe)
    whitening: Whitening | list[Whitening] | None = None
    if recipe.whitening:
        readings = readings_of(encoder)
        size = recipe.embedding_size // readings
        kept = min(recipe.directions or size, size)
        nothing_yet = Whitening(mean=np.zeros(size), matrix=np.eye(size, kept))
        whitening = [nothing_yet] * readings if readings > 1 else nothing_yet
    return finished(encoder, mirrored=recipe.mirrored, shift=recipe.shift, whitening=whitening)


def build_network(recipe: TrainingRecipe, encoder: Any, classes: int) -> Any:
    """Return the compiled network whose training trains ``encoder``."""
    distortions = Distortions(
        recipe.geometry,
        recipe.light,
        recipe.cover,
        seed=recipe.seed + 1,
        paper=recipe.frame != "whole",
        name="distortions",
    )
    layers = [distortions]
    if recipe.bending or recipe.identity_bending:
        layers.append(
            Bending(
                recipe.bending,
                seed=recipe.seed + 3,
                shared=recipe.identity_bending,
                alike=recipe.items_each,
                name="bending",
            )
        )
    if recipe.stroke_width:
        layers.append(StrokeWidth(recipe.stroke_width, seed=recipe.seed + 4, name="stroke_width"))

    def distorted(photos: Any) -> Any:
        for layer in layers:
            photos = layer(photos)
        return photos

    if recipe.mode == "pairs":
        network = _pair_network(recipe, encoder, distorted)
    else:
        photo = keras.layers.Input(encoder.input_shape[1:], name="photo")
        output = encoder(distorted(photo))
        if recipe.head == "deep":
            output = projection(encoder, seed=recipe.seed + 4)(output)
        if recipe.loss == "margin_softmax":
            head = CosineHead(
                classes, seed=recipe.seed + 2, spread=recipe.class_spread, name="classes"
            )
            output = head(output)
        network = keras.Model(photo, output)
    optimizer = keras.optimizers.AdamW(_schedule(recipe), weight_decay=recipe.weight_decay)
    network.compile(
        optimizer=optimizer,
        loss=_loss(recipe),
        jit_compile=False,
        # Compiling takes as long as so few steps without it.
        run_eagerly=recipe.epochs * recipe.steps <= FEW_STEPS,
    )
    return network


def _pair_network(recipe: TrainingRecipe, encoder: Any, distorted: Callable[[Any], Any]) -> Any:
    """Return a `SiameseNet` as it is trained: both sides through the towers as one batch.

    Batch normalisation then sees left and right photos together; two towers one after the
    other would normalise the two photos of a pair differently, and blur their distance.
    """
    shape = encoder.input_shape[1:]
    left, right = (keras.layers.Input(shape, name=side) for side in ("left", "right"))
    both = keras.layers.Concatenate(axis=0, name="both")([left, right])
    halves = keras.ops.split(encoder(distorted(both)), 2, axis=0)
    return keras.Model([left, right], EnergyLayer(recipe.energy, name="energy")(*halves))


def build_feed(recipe: TrainingRecipe, learned: TrainingSet, encoder: Any) -> Any:
    """Return the feed of one training; its epochs are the recipe's."""
    if recipe.mode == "batches":
        return BatchFeed(
            learned.items,
            learned.codes,
            identities=min(recipe.identities, _fewest_identities(learned)),
            items_each=recipe.items_each,
            batches=recipe.steps,
            seed=recipe.seed,
            groups=learned.groups,
        )
    count = recipe.steps * recipe.pairs
    fixed = learned.pairs
    if fixed is not None:
        return PairFeed(
            learned.items,
            lambda epoch: _cycled(fixed, count, _epoch_seed(recipe, epoch)),
            batch_size=recipe.pairs,
        )
    return PairFeed(
        learned.items, draw_pairs(recipe, learned, encoder, epoch=0), batch_size=recipe.pairs
    )


def _fewest_identities(learned: TrainingSet) -> int:
    """Return how many identities the group with the fewest has."""
    groups = np.zeros_like(learned.codes) if learned.groups is None else learned.groups
    return min(len(np.unique(learned.codes[groups == group])) for group in np.unique(groups))


def draw_pairs(
    recipe: TrainingRecipe, learned: TrainingSet, encoder: Any, *, epoch: int
) -> LabelledPairs:
    """Return an epoch's pairs, drawn by the energies that the encoder gives now."""
    half = recipe.steps * recipe.pairs // 2
    drawn = hard_pairs(
        learned.codes,
        energy_matrix(recipe.energy, embed_prepared(encoder, learned.items)),
        genuine=half,
        impostor=half,
        # Before the first epoch too: untrained convolutions tell people apart a little.
        hardness=recipe.hardness,
        seed=_epoch_seed(recipe, epoch),
        source_person=learned.kin,
    )
    return _cycled(_balanced(drawn), 2 * half, _epoch_seed(recipe, epoch))


def _epoch_seed(recipe: TrainingRecipe, epoch: int) -> int:
    return int(np.random.SeedSequence([recipe.seed, epoch + 1]).generate_state(1)[0])


def embed_prepared(encoder: Any, items: Prepared) -> NDArray[np.float32]:
    """Return ``(n, d)`` embeddings of prepared items."""
    # Few at a time: an encoder looks at several views and readings of each, and Keras keeps what
    # every layer of it gives until the last one is done.
    parts = [
        keras.ops.convert_to_numpy(encoder(chunk, training=False)) for chunk in _chunks(items, 32)
    ]
    embeddings: NDArray[np.float32] = np.concatenate(parts)
    return embeddings


def _chunks(items: Prepared, size: int) -> list[Prepared]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _balanced(drawn: LabelledPairs) -> LabelledPairs:
    """Repeat the genuine pairs until they are as many as the impostor pairs."""
    genuine, impostor = np.flatnonzero(drawn.genuine), np.flatnonzero(~drawn.genuine)
    return drawn.take(np.concatenate([np.resize(genuine, len(impostor)), impostor]))


def _cycled(pairs: LabelledPairs, count: int, seed: int) -> LabelledPairs:
    """Return ``count`` of the pairs in a random order, all once before any comes again."""
    rng = np.random.default_rng(seed)
    rounds = -(-count // len(pairs))
    order = np.concatenate([rng.permutation(len(pairs)) for _ in range(rounds)])
    return pairs.take(order[:count])


def _schedule(recipe: TrainingRecipe) -> Any:
    total = recipe.epochs * recipe.steps
    warm = max(1, total // 10)
    return keras.optimizers.schedules.CosineDecay(
        0.05 * recipe.learning_rate,
        max(1, total - warm),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm,
        alpha=0.01,
    )


def _loss(recipe: TrainingRecipe) -> Any:
    if recipe.mode == "pairs":
        return ContrastiveLoss(recipe.margin, recipe.genuine_margin)
    if recipe.loss == "margin_softmax":
        return MarginSoftmaxLoss(recipe.scale, recipe.margin)
    if recipe.loss == "supervised_contrastive":
        return SupervisedContrastiveLoss(recipe.scale, recipe.margin)
    if recipe.loss == "contrastive":
        return BatchContrastiveLoss(recipe.margin, recipe.genuine_margin)
    return TripletLoss(recipe.margin)
