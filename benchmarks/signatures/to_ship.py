"""``python -m benchmarks.signatures.to_ship OUT``: train the model for signatures to be shipped.

As `--mode signatures`, but two networks instead of four and shorter embeddings, so that the package
stays small; learned from all writers but those that its threshold and probabilities are taken
from. ``python -m benchmarks.shipped signatures OUT`` then puts it into the package.
"""

from pathlib import Path
from typing import Annotated

import typer

from likeness.datasets import Dataset, split_by_identity
from likeness.evaluation.calibration import Calibration
from likeness.evaluation.threshold_choice import Purpose
from likeness.experiments.calibrated import calibrate_model
from likeness.model.folder import SavedModel
from likeness.model.opening import open_model
from likeness.tasks.signatures.dataset import signatures
from likeness.tasks.signatures.model import SIGNATURES
from likeness.training import TrainingRecipe, train
from likeness.training.process import TrainingProgress

RECIPE = SIGNATURES.replace(
    encoder={"ensemble_size": 2},
    whitening={"directions": 256},
    schedule={"held_out": 0.0, "refit": False},
)

KEPT = 0.22
"""Share of the writers that the threshold is chosen on."""

FAR = 0.05
"""False acceptance rate that the threshold is for."""

ABOUT = {"name": "Signatures: are two of one name by the same writer?", "licence": "Apache-2.0"}


def make(data: Dataset, out: Path, *, recipe: TrainingRecipe = RECIPE) -> Calibration:
    """Train on most writers, calibrate on the others, and save the model with its card.

    Args:
        data: signatures, with the facets that the recipe names.
        out: folder for the model.
        recipe: of the training.
    """
    rest, kept = split_by_identity(data, held_out=KEPT, seed=0)
    train(recipe, rest, on_progress=_say).save(out)
    found = calibrate_model(open_model(out), kept, Purpose(people=1, strangers_accepted=FAR))
    SavedModel.read(out).store_calibration(
        threshold=found.choice.threshold, calibration=found.to_json()
    )
    SavedModel.read(out).store_about(ABOUT)
    return found


def main(
    out: Annotated[Path, typer.Argument(help="Folder for the model.")],
    path: Annotated[Path | None, typer.Option(help="The zip, or its folder.")] = None,
) -> None:
    """Train, calibrate, and give it its card."""
    for sentence in make(signatures(path), out).sentences():
        typer.echo(sentence)


def _say(progress: TrainingProgress) -> None:
    if progress.step % 50 == 0:
        typer.echo(f"step {progress.step} of {progress.steps}, loss {progress.loss:.2f}", err=True)


if __name__ == "__main__":
    typer.run(main)
