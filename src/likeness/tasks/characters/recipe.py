"""The recipe for handwritten characters."""

from likeness.training.recipe import TrainingRecipe

CHARACTERS = TrainingRecipe(
    encoder="cells",
    head="deep",
    embedding_size=1024,
    rows=28,
    columns=28,
    frame="ink",
    turn_identities=True,
    # A character turned or mirrored is another one; only moved a little it stays the same.
    mirrored=False,
    shift=1,
    whitening=False,
    geometry=1.0,
    light=0.0,
    cover=0.0,
    bending=0.5,
    identities=32,
    items_each=3,
    epochs=10,
    steps=450,
    held_out=0.05,
    refit=False,
)
"""For handwritten characters, chosen on alphabets of Omniglot's first small background set."""
