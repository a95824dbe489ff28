"""``likeness picture``: the network's picture."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.arguments import read_recipe
from likeness.cli.terminal import errors, output
from likeness.training.quiet import load_keras


def picture(
    out: Annotated[Path, typer.Option(help="Folder to write the pictures to.")] = Path(),
    mode: Annotated[str, typer.Option(help="batches or pairs.")] = "batches",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, name=value; repeatable.")
    ] = None,
) -> None:
    """Draw the network as siamese.png and siamese.svg.

    model.png is drawn too if Graphviz is there.
    """
    recipe = read_recipe(mode, file=None, changes=set_ or [], seed=None)
    load_keras()
    from likeness.experiments.pictures import draw_pictures, untrained_network  # late: Keras

    files = draw_pictures(untrained_network(recipe), out)
    for file in files:
        output().print(f"Wrote {file}", soft_wrap=True, highlight=False)
    if all(file.name != "model.png" for file in files):
        errors().print(
            "There is no model.png: keras.utils.plot_model needs Graphviz' `dot` program. "
            "The pictures above are our own and need nothing.",
            style="dim",
        )
