"""`SiameseEmbedder`: a scikit-learn transformer from items to Siamese embeddings."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from likeness.arrays import Codes, Embeddings, Prepared, check_in_range
from likeness.errors import SettingError, require_extra
from likeness.tasks.sklearn.fitted import SavedEstimator, fit_preparation
from likeness.training.recipe import TrainingRecipe

ENERGY = "euclidean"

_MARGINS = {
    "contrastive": 1.2,
    "margin_softmax": 0.2,
    "supervised_contrastive": 0.0,
    "triplet": 0.3,
}
"""Default margin of each loss."""

_WIDTHS = {"convnet": 16, "dense": 64, "residual": 16}
"""Default width of each encoder."""

_SMALLEST = {"convnet": 8, "residual": 16}
"""Least rows and columns of an encoder."""

_FEWEST_EACH = 4
"""Items per class in a batch, if the batch size allows."""

_AT_ONCE = 64
"""Items are embedded so many at a time, never fewer: in a batch of another size the last bits
of an embedding are others, and an item's answer would depend on its neighbours."""


def _as_called_here(sentence: str) -> str:
    """Return a recipe's error message with the estimator's name of the setting."""
    name, colon, rest = sentence.partition(":")
    group, _, setting = name.partition(".")
    own = {"kind": group, "geometry": "distortion"}
    return f"{own.get(setting, setting)}{colon}{rest}"


def _learned_encoder(recipe: TrainingRecipe, items: Prepared, codes: Codes) -> Any:
    """Return a Keras encoder trained on the prepared items.

    Raises:
        MissingExtraError: Keras is not installed.
        TrainingFailedError: the loss became NaN.
    """
    require_extra("keras", extra="train")
    fitting = require_extra("likeness.training.fitting")  # late: brings Keras
    options = fitting.FitOptions(stage="final", epochs=recipe.schedule.epochs)
    people = fitting.PreparedPeople(items=items, codes=codes)
    return fitting.fit_once(recipe, people, options).encoder


def _embedded(encoder: Any, items: Prepared) -> Embeddings:
    """Return ``(n, d)`` embeddings; each depends on its item only."""
    ops = require_extra("keras.ops")
    parts = [np.empty((0, encoder.output_shape[-1]), np.float32)]
    for start in range(0, len(items), _AT_ONCE):
        part = items[start : start + _AT_ONCE]
        parts.append(ops.convert_to_numpy(encoder(_filled(part), training=False))[: len(part)])
    return np.concatenate(parts)


def _filled(items: Prepared) -> NDArray[np.float32]:
    missing = _AT_ONCE - len(items)
    return np.concatenate([items, np.zeros((missing, *items.shape[1:]), items.dtype)])


SHAPES = "(n, features), (n, rows, columns) or (n, rows, columns, channels)"


class SiameseEmbedder(
    SavedEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Embed items so that those of one class are close, and those of different classes far apart.

    The encoder is trained like one for faces: batches of several classes with several items each,
    and a loss on all pairs of a batch. The embeddings have unit length; what is compared is their
    Euclidean distance, 0 to 2. Classes never seen are embedded, too; that is what it is for.

    Items are rows of numbers ``(n, features)``, whose features are standardised; or images ``(n,
    rows, columns)`` or ``(n, rows, columns, channels)`` of any kind of number, each standardised
    over its own pixels.

    Args:
        encoder: "dense"; "convnet" (images of 8×8 pixels or more) or "residual" (16×16); or
            "auto", a convnet for such images and dense for all else.
        embedding_size: numbers in an embedding.
        width: of the encoder: hidden units of "dense", channels of the first block of the
            others; None for 64 and 16.
        loss: "contrastive" (over all pairs of a batch), "margin_softmax",
            "supervised_contrastive" or "triplet".
        margin: of the loss; None for 1.2, 0.2 and 0.3.
        steps: number of batches, independent of the number of items.
        batch_size: items in a batch, of as many classes as have four of them in it.
        learning_rate: the highest; warmed up to, then lowered along a half cosine.
        distortion: augmentation of images in training (rotation, scale, shift, brightness): 0 none,
            1 as for faces, up to 5.
        random_state: random state; an int for reproducible results.

    Attributes:
        encoder_: a `keras.Model`, prepared items → embeddings.
        preparation_: from items to what the encoder reads.
        item_shape_: of one item.
        n_features_in_: ``item_shape_[0]``, the number of features.

    >>> from sklearn.datasets import load_iris
    >>> flowers, kinds = load_iris(return_X_y=True)
    >>> embedder = SiameseEmbedder(embedding_size=4, steps=5, random_state=0)
    >>> embedder.fit(flowers, kinds).transform(flowers).shape
    (150, 4)
    """

    def __init__(
        self,
        *,
        encoder: str = "auto",
        embedding_size: int = 32,
        width: int | None = None,
        loss: str = "contrastive",
        margin: float | None = None,
        steps: int = 300,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        distortion: float = 0.0,
        random_state: Any = None,
    ) -> None:
        self.encoder = encoder
        self.embedding_size = embedding_size
        self.width = width
        self.loss = loss
        self.margin = margin
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.distortion = distortion
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Learn an encoder from items and their classes.

        Args:
            X: items, finite numbers.
            y: ``(n,)``, the class of each: at least two different ones.

        Raises:
            ValueError: the items or the classes cannot be used as given.
            SettingError: a setting is out of its range (a ValueError, too).
            MissingExtraError: Keras is not installed.
        """
        items, classes = self._checked(X, y, first=True)
        self._learn(items, self._coded(classes)[1], seed=self._seed())
        return self

    def transform(self, X: ArrayLike) -> Embeddings:  # noqa: N803
        """Return ``(n, embedding_size)`` float32 embeddings of unit length.

        Raises:
            NotFittedError: it is not fitted yet.
            ValueError: the items are of another shape than those fitted to.
        """
        check_is_fitted(self)
        return self._embed(self._checked(X, first=False)[0])

    @property
    def _n_features_out(self) -> int:
        """Number of columns of `transform`, for scikit-learn's feature names."""
        return int(self.encoder_.output_shape[-1])

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: accepts images, needs classes."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _checked(
        self,
        X: ArrayLike,  # noqa: N803
        *y: Any,
        first: bool,
    ) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return items as floats, and their classes.

        Args:
            X: items.
            *y: their classes; left out to check items alone, None is refused.
            first: whether these items determine the expected shape.
        """
        checked = validate_data(self, X, *y, reset=first, allow_nd=True, dtype="numeric")
        items, classes = checked if y else (checked, np.empty(0))
        if y:
            check_classification_targets(classes)
        if items.ndim > 4 or 0 in items.shape[1:]:
            raise ValueError(f"X: expected items of shape {SHAPES}. Received: shape {items.shape}.")
        if first:
            self.item_shape_ = tuple(int(size) for size in items.shape[1:])
        elif items.shape[1:] != self.item_shape_:
            raise ValueError(
                f"X: expected items of shape {self.item_shape_}, as in fit. "
                f"Received: shape {items.shape[1:]}."
            )
        return items.astype(np.float64), np.asarray(classes)

    def _learn(self, items: NDArray[np.float64], codes: Codes, *, seed: int) -> None:
        self.preparation_ = fit_preparation(items)
        prepared = self._prepared(items)
        recipe = self._recipe(prepared.shape[1:], classes=int(codes.max()) + 1, seed=seed)
        self.encoder_ = _learned_encoder(recipe, prepared, codes)

    def _recipe(self, shape: tuple[int, ...], *, classes: int, seed: int) -> TrainingRecipe:
        """Return the recipe for prepared items of a shape.

        Raises:
            SettingError: a setting is out of its range, or does not fit the items.
        """
        encoder = self._encoder_for(shape)
        if self.distortion and len(shape) != 3:
            raise SettingError(
                "distortion: expected 0 for rows of numbers; only images are distorted. "
                f"Received: {self.distortion!r}."
            )
        check_in_range(self.batch_size, 4, 100_000, argument="batch_size", whole=True)
        identities = max(2, min(classes, int(self.batch_size) // _FEWEST_EACH))
        try:
            return TrainingRecipe().replace(
                energy=ENERGY,
                encoder={
                    "kind": encoder,
                    "embedding_size": self.embedding_size,
                    "width": _WIDTHS[encoder] if self.width is None else self.width,
                },
                loss={
                    "kind": self.loss,
                    "margin": _MARGINS.get(self.loss, 1.0) if self.margin is None else self.margin,
                },
                sampling={
                    "identities": identities,
                    "items_each": int(self.batch_size) // identities,
                    "mirror_identities": False,
                },
                augmentation={
                    "geometry": self.distortion,
                    "brightness_contrast": self.distortion,
                    "erasing": 0.0,
                },
                views={"mirrored": False, "shift": 0},
                whitening={"kind": "none"},
                schedule={
                    "epochs": 1,
                    "steps": self.steps,
                    "learning_rate": self.learning_rate,
                    "held_out": 0.0,
                    "refit": False,
                },
                seed=seed,
            )
        except SettingError as error:
            raise SettingError(_as_called_here(str(error))) from error

    def _encoder_for(self, shape: tuple[int, ...]) -> str:
        if self.encoder == "auto":
            is_picture = len(shape) == 3 and min(shape[:2]) >= _SMALLEST["convnet"]
            return "convnet" if is_picture else "dense"
        if self.encoder not in _WIDTHS:
            raise SettingError(
                f"encoder: expected one of auto, {', '.join(_WIDTHS)}. Received: {self.encoder!r}."
            )
        least = _SMALLEST.get(self.encoder, 0)
        if self.encoder in _SMALLEST and (len(shape) != 3 or min(shape[:2]) < least):
            raise SettingError(
                f"encoder: {self.encoder!r} reads images of at least {least}×{least} pixels. "
                f"Received: items of shape {shape}. Use 'dense' or 'auto'."
            )
        return self.encoder

    def _seed(self) -> int:
        """Return the seed of one fit, drawn from scikit-learn's ``random_state``."""
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    @staticmethod
    def _coded(classes: NDArray[Any]) -> tuple[NDArray[Any], Codes]:
        """Return the different classes, ascending, and the index of each item's class.

        Raises:
            ValueError: there is only one.
        """
        distinct, codes = np.unique(classes, return_inverse=True)
        if len(distinct) < 2:
            raise ValueError(
                "y: expected at least two classes. "
                f"Received: one class, {distinct[0]!r}, of {len(classes)} samples."
            )
        return distinct, codes.astype(np.int64)

    def _prepared(self, items: NDArray[np.float64]) -> Prepared:
        return self.preparation_(items)

    def _embed(self, items: NDArray[np.float64]) -> Embeddings:
        return _embedded(self.encoder_, self._prepared(items))
