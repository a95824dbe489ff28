"""The recipe for signatures."""

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
