"""`SiameseClassifier`: nearest class by Siamese energies; new classes without retraining.

Probabilities are a softmax of the energies with a fitted temperature.

P(class c) = exp(−E_c / T) / Σ_j exp(−E_j / T). T is fitted to items that the encoder was not
trained on (C. Guo et al., «On Calibration of Modern Neural Networks», ICML 2017, section 4.2, with
−E as the logits). T is the same for all classes, so it also applies to classes enrolled later.
"""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from likeness.arrays import Codes, Energies, check_in_range
from likeness.errors import SettingError, require_extra
from likeness.evaluation import choose_threshold
from likeness.tasks.sklearn.embedder import ENERGY, SiameseEmbedder
from likeness.tasks.sklearn.fitted import TEMPLATES, Templates

Floats = NDArray[np.float64]


class SiameseClassifier(ClassifierMixin, SiameseEmbedder):
    """Classify an item by the energy to the templates of each class.

    `fit` learns an encoder as `SiameseEmbedder` does and enrols the items as templates of their
    classes; `partial_fit` enrols more, of known classes or of new ones, and leaves the encoder
    as it is: one item of a new class is enough.

    Probabilities are a softmax over the negative energies of all classes at one temperature.
    `fit` finds it on a share of the items that the encoder does not learn from; these are
    enrolled afterwards, like all others.

    Args:
        templates: "mean", one template per class, the mean of its embeddings; or "all", every
            embedding, of which the nearest is used (for classes of several kinds of item).
        calibration: share of each class's items that the encoder does not learn from, 0…0.9;
            0: the temperature is not fitted.
        unknown_label: label that `predict` returns for an item whose smallest energy is above
            ``threshold_``, such as -1 or "unknown"; None: always the nearest class.
        threshold: the largest energy that is accepted then. None: with three classes or more, `fit`
            trains a second encoder without a third of the classes, and chooses the best threshold
            between held-out items of the other classes and items of the omitted classes, as
            strangers.
        encoder, embedding_size, width, loss, margin, steps, batch_size, learning_rate,
            distortion, random_state: as in `SiameseEmbedder`.

    Attributes:
        classes_: ``(classes,)``, ascending; `partial_fit` may add to them.
        templates_: the templates of each class.
        temperature_: of the softmax.
        threshold_: the largest energy accepted as a class's; None without an unknown_label.
        calibrated_: whether the temperature was fitted on held-out items.
        encoder_, preparation_, item_shape_, n_features_in_: as in `SiameseEmbedder`.

    >>> from sklearn.datasets import load_iris
    >>> flowers, kinds = load_iris(return_X_y=True)
    >>> two = kinds < 2
    >>> classifier = SiameseClassifier(steps=20, random_state=0).fit(flowers[two], kinds[two])
    >>> classifier.partial_fit(flowers[-1:], kinds[-1:]).classes_.tolist()  # one item is enough
    [0, 1, 2]
    """

    classes_: NDArray[Any]
    templates_: Templates
    temperature_: float
    threshold_: float | None
    calibrated_: bool

    def __init__(
        self,
        *,
        templates: str = "mean",
        calibration: float = 0.2,
        unknown_label: Any = None,
        threshold: float | None = None,
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
        super().__init__(
            encoder=encoder,
            embedding_size=embedding_size,
            width=width,
            loss=loss,
            margin=margin,
            steps=steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            distortion=distortion,
            random_state=random_state,
        )
        self.templates = templates
        self.calibration = calibration
        self.unknown_label = unknown_label
        self.threshold = threshold

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Learn an encoder, measure temperature and threshold, and enrol all items.

        Args:
            X: items, finite numbers.
            y: ``(n,)``, the class of each: at least two different ones.

        Raises:
            ValueError: the items or the classes cannot be used as given.
            SettingError: a setting is out of its range (a ValueError, too).
            MissingExtraError: Keras is not installed.
        """
        return self._fit(X, y, ())

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: Any = None) -> Self:  # noqa: N803
        """Enrol items of known or new classes; the encoder stays. The first call is `fit`.

        Args:
            X: items.
            y: ``(n,)``, the class of each.
            classes: names of future classes, as in scikit-learn; optional. The probability of a
                class without items is 0.

        Raises:
            ValueError: as in `fit`.
        """
        named = () if classes is None else classes
        if not hasattr(self, "templates_"):
            return self._fit(X, y, named)
        items, labels = self._checked(X, y, first=False)
        known = self._with_names(self.classes_, named, labels)
        codes = np.searchsorted(known, labels).astype(np.int64)
        code_of = np.searchsorted(known, self.classes_).astype(np.int64)
        self.templates_ = self.templates_.renumbered(code_of).enrolled(self._embed(items), codes)
        self.classes_ = known
        return self

    def decision_function(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return the negative energy of each class, ``(n, classes)``: larger is more alike.

        For two classes, as in scikit-learn: ``(n,)``, the energy of the first less that of
        the second; above 0 the second is nearer.
        """
        energies = self.class_energies(X)
        if len(self.classes_) == 2:
            return np.asarray(energies[:, 0] - energies[:, 1])
        return np.asarray(-energies)

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return ``(n,)``: the nearest class of each item, or ``unknown_label``."""
        energies = self.class_energies(X)
        answers = self.classes_[energies.argmin(axis=1)]
        if self.unknown_label is None:
            return np.asarray(answers)
        label = np.asarray([self.unknown_label])
        is_known = energies.min(axis=1) <= self.threshold_
        return np.where(is_known, answers, label)

    def predict_proba(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return ``(n, classes)``, each row summing to one: P(class), given it is one of them.

        Strangers also have a nearest class: see ``unknown_label``.
        """
        energies = self.class_energies(X)
        return _class_probabilities(energies, self.temperature_)

    def class_energies(self, X: ArrayLike) -> Energies:  # noqa: N803
        """Return ``(n, classes)``: the energy to each class, 0…2; lower is more alike.

        Raises:
            NotFittedError: it is not fitted yet.
            ValueError: the items are of another shape than those fitted to.
        """
        embeddings = self.transform(X)
        return self.templates_.class_energies(np.asarray(embeddings), classes=len(self.classes_))

    def _fit(self, X: ArrayLike, y: ArrayLike, named: Any) -> Self:  # noqa: N803
        self._check_settings()
        items, labels = self._checked(X, y, first=True)
        classes, codes = self._coded(labels)
        known = self._with_names(classes, named, labels[:0])
        seed = self._seed()
        threshold = self.threshold
        if self.unknown_label is not None and threshold is None:
            threshold = self._chosen_threshold(items, codes, seed=seed)
        held = _held_out_items(codes, share=self.calibration, seed=seed)
        self._learn(items[~held], codes[~held], seed=seed)
        embeddings = self._embed(items)
        learned = self._no_templates().enrolled(embeddings[~held], codes[~held])
        self.calibrated_ = bool(held.any())
        if self.calibrated_:
            energies = learned.class_energies(embeddings[held], classes=len(classes))
            self.temperature_ = _fit_temperature(energies, codes[held])
        else:
            self.temperature_ = UNCALIBRATED
            self._say_that_nothing_was_held_out()
        code_of = np.searchsorted(known, classes).astype(np.int64)
        self.templates_ = learned.enrolled(embeddings[held], codes[held]).renumbered(code_of)
        self.classes_ = known
        self.threshold_ = threshold
        return self

    def _chosen_threshold(self, items: NDArray[np.float64], codes: Codes, *, seed: int) -> float:
        """Choose the threshold with an encoder that was not trained on some of the classes."""
        strange = _stranger_classes(int(codes.max()) + 1, seed=seed)
        is_strange = np.isin(codes, strange)
        held = _held_out_items(codes, share=self.calibration, seed=seed) & ~is_strange
        if not held.any() or not len(strange):
            raise ValueError(
                "y: expected three classes or more, one of the others with two items, to choose "
                "the threshold for unknown_label on. Received: fewer. Pass a threshold."
            )
        learned = ~held & ~is_strange
        other = SiameseEmbedder(
            **{name: getattr(self, name) for name in SiameseEmbedder().get_params()}
        )
        numbers = np.unique(codes[learned], return_inverse=True)[1].astype(np.int64)
        other._learn(items[learned], numbers, seed=seed)
        templates = self._no_templates().enrolled(other._embed(items[learned]), codes[learned])
        classes = int(codes.max()) + 1
        own = templates.class_energies(other._embed(items[held]), classes=classes)
        nearest = templates.class_energies(other._embed(items[is_strange]), classes=classes)
        return choose_threshold(own[np.arange(len(own)), codes[held]], nearest.min(axis=1))

    def _check_settings(self) -> None:
        if self.templates not in TEMPLATES:
            raise SettingError(
                f"templates: expected one of {', '.join(TEMPLATES)}. Received: {self.templates!r}."
            )
        check_in_range(self.calibration, 0.0, 0.9, argument="calibration")
        if self.threshold is not None:
            check_in_range(self.threshold, 0.0, 2.0, argument="threshold")
        if self.unknown_label is not None and self.threshold is None and not self.calibration:
            raise SettingError(
                "threshold: with an unknown_label, expected a threshold, or a share for "
                "calibration to choose it on. Received: neither."
            )

    def _no_templates(self) -> Templates:
        return Templates.none(kind=self.templates, energy=ENERGY, size=self.embedding_size)

    def _with_names(self, known: NDArray[Any], named: Any, labels: NDArray[Any]) -> NDArray[Any]:
        """Return all classes, ascending.

        Raises:
            ValueError: texts and numbers are mixed.
        """
        every = [part for part in (known, np.asarray(named), labels) if part.size]
        if self.unknown_label is not None:
            kinds = {np.asarray([self.unknown_label]).dtype.kind in "OSU"}
        else:
            kinds = set()
        if len(kinds | {part.dtype.kind in "OSU" for part in every}) > 1:
            raise ValueError(
                "y: expected classes (and unknown_label) that are all texts or all numbers. "
                "Received: both."
            )
        return np.unique(np.concatenate(every))

    def _say_that_nothing_was_held_out(self) -> None:
        if self.calibration:
            warnings.warn(
                "No class has two items, so none was held out: the temperature of the "
                f"probabilities is {UNCALIBRATED}, not fitted. Use more items, or "
                "calibration=0.",
                stacklevel=4,
            )


def _stranger_classes(classes: int, *, seed: int) -> Codes:
    """Return a third of the classes, at least one, drawn; none if fewer than two would be left.

    Args:
        classes: how many there are.
        seed: random seed.
    """
    count = 0 if classes < 3 else max(1, classes // 3)
    return np.random.default_rng(seed).permutation(classes)[:count]


def _held_out_items(codes: Codes, *, share: float, seed: int) -> NDArray[np.bool_]:
    """Return ``(n,)``: which items are held out, a share of each class.

    A class keeps at least one item; of two, one is held out if the share is above 0.

    Args:
        codes: ``(n,)``, the class of each item.
        share: 0…0.9, of each class.
        seed: random seed.
    """
    held = np.zeros(len(codes), bool)
    if share == 0:
        return held
    rng = np.random.default_rng(seed)
    for code in np.unique(codes):
        own = rng.permutation(np.flatnonzero(codes == code))
        held[own[: min(max(1, round(share * len(own))), len(own) - 1)]] = True
    return held


UNCALIBRATED = 0.2
"""The temperature if no items could be held out: a tenth of the largest energy between embeddings
of unit length."""

_RANGE = (1e-4, 1e4)
"""Range of temperatures, relative to the spread of the energies."""


def _class_probabilities(energies: Energies, temperature: float) -> Floats:
    """Return ``(n, classes)``, each row summing to one.

    Args:
        energies: ``(n, classes)``; infinite for a class without templates, whose probability is 0.
            At least one is finite in each row.
        temperature: > 0.

    >>> import numpy as np
    >>> _class_probabilities(np.array([[0.0, np.log(3.0), np.inf]]), 1.0).round(3).tolist()
    [[0.75, 0.25, 0.0]]
    """
    nearest = energies.min(axis=1, keepdims=True)
    odds = np.exp(-(energies - nearest) / temperature)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _fit_temperature(energies: Energies, codes: Codes) -> float:
    """Return the temperature with the smallest log-loss on items that were held out.

    Each item counts partly as every other class (Platt's targets, (n + 1) / (n + 2) for its own),
    so that separable classes do not give a temperature of 0.

    Args:
        energies: ``(n, classes)``, finite, of at least one item and two classes.
        codes: ``(n,)``, the class of each.

    >>> import numpy as np
    >>> apart = np.array([[0.1, 1.1], [1.1, 0.1]])
    >>> _fit_temperature(apart, np.array([0, 1])) < _fit_temperature(apart, np.array([0, 0]))
    True
    """
    items, classes = energies.shape
    own = (items + 1) / (items + 2)
    targets = np.full(energies.shape, (1 - own) / (classes - 1))
    targets[np.arange(items), codes] = own
    away = energies - energies.min(axis=1, keepdims=True)
    spread = float(away.mean())
    if spread == 0:  # all classes are equally near
        return UNCALIBRATED

    def cost(log_temperature: float) -> float:
        logits = -away / (spread * np.exp(log_temperature))
        losses = np.log(np.exp(logits).sum(axis=1)) - (targets * logits).sum(axis=1)
        return float(losses.mean())

    optimize = require_extra("scipy.optimize")
    low, high = np.log(_RANGE)
    fit = optimize.minimize_scalar(cost, bounds=(low, high), method="bounded")
    return spread * float(np.exp(fit.x))
