"""The recipe for handwritten characters."""

from likeness.images.preparation import Preparation
from likeness.training.recipe import (
    AugmentationSettings,
    EncoderSettings,
    SamplingSettings,
    ScheduleSettings,
    TrainingRecipe,
    ViewSettings,
    WhiteningSettings,
)

CHARACTERS = TrainingRecipe(
    encoder=EncoderSettings(kind="cells", embedding_size=1024, projection_head=True),
    preparation=Preparation(rows=28, columns=28, frame="ink"),
    sampling=SamplingSettings(identities=32, items_each=3, turn_identities=True),
    augmentation=AugmentationSettings(brightness_contrast=0.0, erasing=0.0, elastic=0.5),
    # A character turned or mirrored is another one; only moved a little it stays the same.
    views=ViewSettings(mirrored=False, shift=1),
    whitening=WhiteningSettings(kind="none"),
    schedule=ScheduleSettings(epochs=10, steps=450, held_out=0.05, refit=False),
)
"""For handwritten characters, chosen on alphabets of Omniglot's first small background set."""
