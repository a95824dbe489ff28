"""Arguments and options that several commands share, and how their data and recipe are read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from likeness import datasets
from likeness.datasets import Dataset, OnPhoto, OnProgress
from likeness.errors import SettingError
from likeness.files import check_writable_file
from likeness.tasks import registry
from likeness.training import TrainingRecipe
from likeness.training.settings import SettingGroup

DATA_HELP = (
    "att (the AT&T faces), drawn (synthetic faces), digits (scikit-learn's), mnist, "
    "omniglot-small1, omniglot-small2, signatures, or a folder with one sub-folder of photos per "
    "person."
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
OtherPeople = Annotated[
    str | None,
    typer.Argument(help=f"People the model was not trained on: {DATA_HELP}", show_default=False),
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
        help="Face detector: none (photos are used whole), haar (OpenCV's), yunet (from "
        "`likeness model get yunet`), or an ONNX file for cv2.FaceDetectorYN."
    ),
]
CutFaces = Annotated[
    bool, flag("cut-faces", "Crop each photo to its face. Use it in all commands or in none.")
]
TopK = Annotated[int, typer.Option(help="Number of nearest matches to list.")]
Receipt = Annotated[
    Path | None,
    typer.Option("--receipt", help="Write the receipt to this file.", callback=_checked_receipt),
]

DataPath = Annotated[
    Path | None,
    typer.Argument(help="A zip, a folder of photos, or a folder that holds the zip."),
]
Offline = Annotated[bool, flag("offline", "Do not download.")]


Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="One setting, such as schedule.epochs=3; repeatable."),
]

Recipe = TypeVar("Recipe", bound=SettingGroup)


def changed(
    recipe: Recipe,
    changes: list[str] | None,
    *,
    file: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Recipe:
    """Return a recipe with the settings of a file, then with changes, then with a seed.

    Args:
        recipe: settings that are not mentioned stay.
        changes: each ``name=value``, the name with its group in front.
        file: settings, in groups or by older names.
        seed: of the recipe.

    Raises:
        SettingError: a change is malformed, or a value does not fit.
    """
    settings = recipe.as_dict()
    for name, value in recipe.with_todays_names(file or {}).items():
        inner = isinstance(value, Mapping) and isinstance(settings.get(name), Mapping)
        settings[name] = {**settings[name], **value} if inner else value
    for change in changes or []:
        name, equals, value = change.partition("=")
        if not equals:
            raise SettingError(f"--set: expected name=value. Received: {change!r}.")
        try:
            settings = recipe.with_setting(settings, name.strip(), _parsed(value.strip()))
        except SettingError as error:
            raise SettingError(f"--set: {error}") from error
    if seed is not None:
        settings["seed"] = seed
    return recipe.from_dict(settings)


def _parsed(value: str) -> Any:
    """Read a number, true or false; anything else is a word."""
    try:
        return json.loads(value)
    except ValueError:
        return value


_NAMED: dict[str, Callable[[], Dataset]] = {"att": datasets.att, "drawn": datasets.drawn_faces}


def read_data(
    data: str,
    *,
    preparation: Any = None,
    face: Callable[[Any, str], Any] | None = None,
    on_progress: OnProgress | None = None,
    on_photo: OnPhoto | None = None,
) -> Dataset:
    """Return the data set that the word names, or the photos of a folder as an encoder reads them.

    Args:
        data: the word or the path.
        preparation: of the recipe or the model: a folder is read in its channels, and photos of
            several sizes are brought to its size. Grey photos if not given.
        face: aligns a photo's face for a model; see `datasets.folder`.
        on_progress, on_photo: of `datasets.folder`; they do not count for a data set with a name.

    Raises:
        DataError: it is not available.
    """
    if is_named(data):
        reader = _NAMED[data] if data in _NAMED else registry.load("dataset", data)
        return reader()
    return datasets.folder(
        Path(data),
        channels=getattr(preparation, "channels", 1),
        resize=getattr(preparation, "resized", None),
        face=face,
        on_progress=on_progress,
        on_photo=on_photo,
    )


def is_named(data: str) -> bool:
    """Return whether the word names a data set; a folder of that name takes precedence."""
    return data in (*_NAMED, *registry.names("dataset")) and not Path(data).is_dir()


def whole_numbers(word: str, option: str, *, example: str) -> list[int]:
    """Return the numbers of a list such as «1,2,4».

    Raises:
        SettingError: one of them is not a whole number of at least 1.
    """
    parts = [part.strip() for part in word.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise SettingError(
            f"{option}: expected whole numbers from 1, such as {example}. Received: {word!r}."
        )
    return [int(part) for part in parts]


def read_recipe(
    mode: str, *, file: Path | None, changes: list[str], seed: int | None
) -> TrainingRecipe:
    """Return the named recipe, or the file's, with changes.

    Args:
        mode: one of `TrainingRecipe.names`.
        file: JSON with settings that replace the named recipe's.
        changes: each ``name=value``.
        seed: replaces the recipe's.

    Raises:
        SettingError: a name or a value does not fit.
    """
    if mode not in TrainingRecipe.names():
        raise SettingError(
            f"--mode: expected one of {', '.join(TrainingRecipe.names())}. Received: {mode!r}."
        )
    settings = {} if file is None else read_json(file, option="--recipe")
    if not isinstance(settings, dict):
        raise SettingError(f"--recipe: {file}: expected an object of settings.")
    return changed(TrainingRecipe.named(mode), changes, file=settings, seed=seed)


def read_json(file: Path, *, option: str) -> Any:
    """Return what a file of JSON holds.

    Raises:
        SettingError: it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{option}: {file} cannot be read as JSON: {error}.") from error
