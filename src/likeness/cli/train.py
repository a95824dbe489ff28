"""``likeness train DATA --out DIR``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from likeness.cli.arguments import DATA_HELP, Mode, RecipeFile, read_data, read_recipe
from likeness.cli.settings import Changes
from likeness.cli.terminal import check_json_place, output, training_bars, write_json
from likeness.cli.trained import training_document
from likeness.files import check_new_folder, check_writable_folder
from likeness.training.quiet import load_keras


def train(
    data: Annotated[str, typer.Argument(help=DATA_HELP)],
    out: Annotated[Path, typer.Option(help="Folder to write the model to.")],
    mode: Mode = "batches",
    recipe: RecipeFile = None,
    set_: Changes = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    log_dir: Annotated[Path | None, typer.Option(help="Write TensorBoard logs here.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model.")] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the record here; - for standard output.")
    ] = None,
) -> None:
    """Train a model on photos of people, and save it.

    A third of the people is held out to choose the epoch and the threshold; then a fresh network
    learns from everybody. Ctrl-C keeps the best weights so far.
    """
    settings = read_recipe(mode, file=recipe, changes=set_ or [], seed=seed)
    check_json_place(json_)
    check_new_folder(out, overwrite=overwrite)
    check_writable_folder(log_dir, option="--log-dir")
    people = read_data(data)
    people.require(identities=2, items_each=2)
    load_keras()
    from likeness.training import train as train_model  # late: brings Keras

    with training_bars() as bars:
        model = train_model(
            settings,
            people,
            on_progress=lambda training: bars.tell(0, people.name, training),
            log_dir=log_dir,
        )
    folder = model.save(out, overwrite=overwrite)
    document = training_document(model, folder)
    if json_ != "-":
        _say(document)
    write_json(document, json_)


def _say(document: dict[str, Any]) -> None:
    console = output()
    if document["interrupted"]:
        console.print("[yellow]Stopped early: these are the best weights so far.[/]")
    evidence = document["threshold_evidence"]
    if document["threshold"] is None:
        console.print("No threshold: there were too few people to hold some out (six at least).")
    else:
        console.print(
            f"Accepts a pair at an energy of at most {document['threshold']:.3f}, chosen on "
            f"{len(evidence['people'])} people held out "
            f"({evidence['genuine_pairs']} genuine and {evidence['impostor_pairs']} impostor "
            "pairs)."
        )
    console.print(f"Model {document['fingerprint'][:12]} written to {document['model']}")
    console.print(f"Its card: {Path(document['model']) / 'card.md'}", soft_wrap=True, markup=False)
    if document["no_onnx"]:
        console.print(
            f"[yellow]It has no ONNX part:[/] {escape(document['no_onnx'])}", highlight=False
        )
