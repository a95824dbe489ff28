"""Siamese networks as others teach them, trained as they train them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from likeness.arrays import Codes, Embeddings, Energies, Images
from likeness.datasets import Dataset
from likeness.datasets.sampling import LabelledPairs, sample_pairs


def scaled(images: Images, step: int) -> Any:
    """Return every ``step``-th pixel, 0…1; step 0: 28×28 pixels, as MNIST has them."""
    if step == 0:
        small = [Image.fromarray(image[..., 0]).resize((28, 28)) for image in images]
        return np.stack(small)[..., None].astype(np.float32) / 255.0
    return images[:, ::step, ::step, :].astype(np.float32) / 255.0


def pairs_with_repeats(codes: Codes, *, each: int, seed: int) -> LabelledPairs:
    """Draw so many genuine and so many impostor pairs, the same one again and again if need be.

    Tutorials draw thousands of pairs from the few that there are.
    """
    rng = np.random.default_rng(seed)
    rounds = -(-each // int(LabelledPairs.all_of(codes).genuine.sum()))
    drawn = [sample_pairs(codes, seed=int(rng.integers(2**31))) for _ in range(rounds)]
    together = LabelledPairs(
        np.concatenate([part.pairs for part in drawn]),
        np.concatenate([part.genuine for part in drawn]),
    )
    kept = [np.flatnonzero(together.genuine == kind)[:each] for kind in (True, False)]
    return together.take(rng.permutation(np.concatenate(kept)))


@dataclass(frozen=True)
class _Network:
    encoder: Any
    step: int
    weigh: Callable[[Embeddings], Embeddings] | None = None

    @property
    def parameters(self) -> int:
        return int(self.encoder.count_params())

    def embed(self, images: Images) -> Embeddings:
        return np.asarray(self.encoder.predict(scaled(images, self.step), verbose=0), np.float32)

    def energies(self, embeddings: Embeddings) -> Energies:
        difference = embeddings[:, None, :].astype(np.float64) - embeddings[None, :, :]
        if self.weigh is not None:
            return np.asarray(self.weigh(np.abs(difference)))
        return np.asarray(np.sqrt((difference**2).sum(axis=-1)))


@dataclass(frozen=True)
class MnistSiamese:
    """The multilayer perceptron of Keras' ``mnist_siamese.py``."""

    title: str = "MLP of Keras' `mnist_siamese.py`"
    source: str = "28×28 pixels, 3 × Dense 128, dropout 0.1, contrastive (1.0), RMSprop, 20 epochs"
    epochs: int = 20

    def fit(self, train: Dataset, *, seed: int) -> _Network:
        """Train it on all genuine pairs and as many impostors."""
        import keras  # late: brings Keras, in the worker only

        keras.utils.set_random_seed(seed)
        encoder = keras.Sequential([keras.Input(scaled(train.items[:1], 0).shape[1:])])
        encoder.add(keras.layers.Flatten())
        for dropout in (0.1, 0.1, 0.0):
            encoder.add(keras.layers.Dense(128, activation="relu"))
            encoder.add(keras.layers.Dropout(dropout))
        pairs = sample_pairs(train.codes, seed=seed)
        _fit_contrastive(encoder, scaled(train.items, 0), pairs, epochs=self.epochs)
        return _Network(encoder, 0)


@dataclass(frozen=True)
class TutorialConvnet:
    """The two-layer convnet of the best-known tutorial on these very faces."""

    title: str = "two-layer CNN of an AT&T tutorial"
    source: str = (
        "every other pixel, conv 6 and 12, dense 128 and 50, dropout, contrastive (1.0), RMSprop, "
        "13 epochs of 20,000 pairs with repeats"
    )
    epochs: int = 13
    pairs_each: int = 10_000

    def fit(self, train: Dataset, *, seed: int) -> _Network:
        """Train it on pairs with repeats, as the tutorial does."""
        import keras  # late: brings Keras, in the worker only

        keras.utils.set_random_seed(seed)
        items = scaled(train.items, 2)
        encoder = keras.Sequential([keras.Input(items.shape[1:])])
        for channels in (6, 12):
            encoder.add(keras.layers.Conv2D(channels, 3, activation="relu"))
            encoder.add(keras.layers.MaxPooling2D())
            encoder.add(keras.layers.Dropout(0.25))
        encoder.add(keras.layers.Flatten())
        encoder.add(keras.layers.Dense(128, activation="relu"))
        encoder.add(keras.layers.Dropout(0.1))
        encoder.add(keras.layers.Dense(50, activation="relu"))
        pairs = pairs_with_repeats(train.codes, each=self.pairs_each, seed=seed)
        _fit_contrastive(encoder, items, pairs, epochs=self.epochs)
        return _Network(encoder, 2)


@dataclass(frozen=True)
class KochStyle:
    """Weighted L1 distance and a sigmoid on top: a classifier of pairs."""

    title: str = "Koch-style network, weighted L1 + sigmoid"
    source: str = (
        "Koch, Zemel & Salakhutdinov 2015, made smaller: every other pixel, conv 16, 32, 64, "
        "dense 256, cross-entropy, Adam, 20 epochs of all pairs"
    )
    epochs: int = 20

    def fit(self, train: Dataset, *, seed: int) -> _Network:
        """Train encoder and weights together on all genuine pairs and as many impostors."""
        import keras  # late: brings Keras, in the worker only

        keras.utils.set_random_seed(seed)
        items = scaled(train.items, 2)
        encoder = keras.Sequential([keras.Input(items.shape[1:])])
        for channels, size in ((16, 7), (32, 5), (64, 3)):
            encoder.add(keras.layers.Conv2D(channels, size, activation="relu"))
            encoder.add(keras.layers.MaxPooling2D())
        encoder.add(keras.layers.Flatten())
        encoder.add(keras.layers.Dense(256, activation="sigmoid"))
        left, right = keras.Input(items.shape[1:]), keras.Input(items.shape[1:])
        unlike = keras.ops.abs(encoder(left) - encoder(right))
        top = keras.layers.Dense(1, activation="sigmoid")
        net = keras.Model([left, right], top(unlike))
        net.compile(keras.optimizers.Adam(3e-4), "binary_crossentropy")
        _fit(net, items, sample_pairs(train.codes, seed=seed), epochs=self.epochs)
        weights = keras.ops.convert_to_numpy(top.kernel)[:, 0].astype(np.float64)
        # The sigmoid of −energy is the probability of a genuine pair: lower is more alike.
        return _Network(encoder, 2, weigh=lambda unlike: -(unlike @ weights))


def _fit_contrastive(encoder: Any, items: Any, pairs: LabelledPairs, *, epochs: int) -> None:
    from likeness.encoders import SiameseNet  # late: brings Keras
    from likeness.training.losses import ContrastiveLoss

    net = SiameseNet(encoder, "euclidean")
    net.compile(optimizer="rmsprop", loss=ContrastiveLoss(margin=1.0))
    _fit(net, items, pairs, epochs=epochs)


def _fit(net: Any, items: Any, pairs: LabelledPairs, *, epochs: int) -> None:
    from likeness.training.feeds import PairFeed  # late: brings Keras

    net.fit(PairFeed(items, pairs, batch_size=128), epochs=epochs, verbose=0)
