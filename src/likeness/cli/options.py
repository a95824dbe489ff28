"""Arguments and options that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.files import check_writable_file

DATA_HELP = (
    "att (the AT&T faces), drawn (made-up faces), digits (scikit-learn's), mnist, omniglot-small1, "
    "omniglot-small2, signatures, or a folder with one sub-folder of photos per person."
)
GALLERY_HELP = "A path, or postgresql+psycopg://USER@HOST/DATABASE."


NEW_FILE = "a new file in an existing folder"


def _checked_json(file: str | None) -> str | None:
    if file != "-":
        expected = "a file in an existing folder, or - for standard output"
        check_writable_file(file, option="--json", expected=expected)
    return file


def _checked_receipt(file: Path | None) -> Path | None:
    check_writable_file(file, option="--receipt", expected=NEW_FILE, new=True)
    return file


def flag(name: str, text: str) -> Any:
    """Return an option that is given or not, without its opposite."""
    return typer.Option(f"--{name}", help=text)


Data = Annotated[str, typer.Argument(help=DATA_HELP)]
UnseenPeople = Annotated[
    str, typer.Argument(help=f"People the model was not trained on: {DATA_HELP}")
]

ModelFolder = Annotated[Path, typer.Argument(help="Folder of a model.")]
Model = Annotated[Path, typer.Option("--model", help="Folder of a model.")]
OptionalModel = Annotated[Path | None, typer.Option("--model", help="Folder of a model.")]
Out = Annotated[Path, typer.Option(help="Folder to write the model to.")]
Overwrite = Annotated[bool, flag("overwrite", "Replace an existing model.")]
Runtime = Annotated[
    str,
    typer.Option(help="Runs the encoder: onnx, keras, or auto (onnx if the model has that part)."),
]
Variant = Annotated[
    str, typer.Option(help="float32, or int8 if `likeness export --int8` wrote that variant.")
]

Mode = Annotated[
    str,
    typer.Option(
        help="Recipe: batches (P people × K photos), pairs (as in the student exercise), "
        "characters, or signatures."
    ),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", help="JSON file with settings that replace the recipe's."),
]
Seed = Annotated[int | None, typer.Option(help="Random seed of the training.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="Trainings in parallel. Default: one per core.")
]
Evidence = Annotated[bool, flag("evidence", "Add the data behind every figure to the JSON.")]
Json = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result to this JSON file; - for standard output.",
        callback=_checked_json,
    ),
]

Gallery = Annotated[str, typer.Option("--gallery", help=GALLERY_HELP)]
GalleryArgument = Annotated[str, typer.Argument(help=GALLERY_HELP)]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        help="File with the gallery's key. Default: the variable LIKENESS_GALLERY_KEY.",
    ),
]
Faces = Annotated[
    str,
    typer.Option(
        help="Face detector: none (photos are used whole), haar (OpenCV's), or an ONNX file for "
        "cv2.FaceDetectorYN such as YuNet."
    ),
]
CutFaces = Annotated[
    bool, flag("cut-faces", "Crop each photo to its face. Use it in all commands or in none.")
]
TopK = Annotated[int, typer.Option(help="How many of the nearest to list.")]
Receipt = Annotated[
    Path | None,
    typer.Option("--receipt", help="Write the receipt to this file.", callback=_checked_receipt),
]

DataPath = Annotated[
    Path | None,
    typer.Argument(help="A zip, a folder of photos, or a folder that holds the zip."),
]
Offline = Annotated[bool, flag("offline", "Do not download.")]
