"""The recipe for signatures."""

from likeness.training.recipe import TrainingRecipe

SIGNATURES = TrainingRecipe(
    rows=48,
    columns=96,
    frame="ink_parts",
    encoder="readings",
    width=32,
    embedding_size=2304,
    members=4,
    within="name",
    across="medium",
    loss="supervised_contrastive",
    scale=20.0,
    margin=0.0,
    mirror_identities=False,
    mirrored=False,
    geometry=0.3,
    light=0.0,
    cover=0.5,
    bending=0.3,
    identity_bending=0.4,
    stroke_width=1.0,
    shift=2,
    evens_out="within",
    shrinkage=0.5,
    identities=40,
    items_each=2,
    weight_decay=0.02,
    epochs=3,
    steps=150,
    held_out=0.16,
)
"""For signatures of the same names by many writers, chosen on writers of a training side."""
