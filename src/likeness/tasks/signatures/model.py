"""The recipe for signatures, the model included in the package, and the words of its card."""

from dataclasses import replace
from pathlib import Path

from likeness.model.card.facts import ModelCard
from likeness.model.shipped import ShippedModel
from likeness.training.recipe import TrainingRecipe

SIGNATURES = TrainingRecipe().replace(
    encoder={"kind": "readings", "width": 32, "embedding_size": 2304, "ensemble_size": 4},
    preparation={"rows": 48, "columns": 96, "frame": "ink_parts"},
    loss={"kind": "supervised_contrastive", "scale": 20.0, "margin": 0.0},
    sampling={
        "identities": 40,
        "items_each": 2,
        "within": "name",
        "across": "medium",
        "mirror_identities": False,
    },
    augmentation={
        "geometry": 0.3,
        "brightness_contrast": 0.0,
        "elastic": 0.3,
        "identity_elastic": 0.4,
        "stroke_jitter": 1.0,
    },
    views={"mirrored": False, "shift": 2},
    whitening={"kind": "within_class", "shrinkage": 0.5},
    schedule={"epochs": 3, "steps": 150, "weight_decay": 0.02, "held_out": 0.16},
)
"""For signatures of the same names by many writers, chosen on writers of a training side."""


SHIPPED = ShippedModel(
    folder=Path(__file__).parent / "shipped_models" / "signatures",
    question="are two signatures of one name by the same writer?",
)


_NOT_FOR = (
    "Not against forgers: it distinguishes writers who write naturally. The training data "
    "contain no known forgeries, and a good imitation may be accepted.",
    "Not for decisions about people or documents without human review of each one: it makes "
    "errors, and more of them for some writers than for others.",
    "Not for other names, scripts, pens, papers or screens than those of the training signatures, "
    "until it has been measured on signatures like yours.",
    "Signatures are personal data, and embeddings of them may be biometric data, which many "
    "countries protect by law. Check the law that applies to you; this is not legal advice.",
)


def _of_writing(card: ModelCard, record: object) -> ModelCard:
    """Return a card worded for handwriting.

    Args:
        card: as a model of photos would have it.
        record: of ``model.json``.
    """
    del record  # All that is said of it is on the card.
    limits = card.limits
    people, photos = (card.data.values[name] for name in ("people", "photos"))
    if people is not None and photos is not None:
        learned = (
            f"It was trained on {photos:,} pictures of the writing of {people:,} people. Its "
            "accuracy on other words, pens and writers is unknown until it is measured there, with "
            "`likeness evaluate`."
        )
        limits = (learned, *limits[1:])
    return replace(card, not_for=_NOT_FOR, limits=limits)
