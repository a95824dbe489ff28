"""``likeness train``, ``crossval``, ``demo`` and ``picture``: the commands that build networks."""

import dataclasses
import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness import datasets
from likeness.cli import opening, options, terminal
from likeness.datasets import Dataset
from likeness.errors import DataNotFoundError, MissingExtraError, SettingError, require_extra
from likeness.evaluation import evaluate_unseen, people_intervals
from likeness.evaluation.figures import percent
from likeness.evaluation.results import BOOTSTRAP_SEED
from likeness.experiments.result import REPETITIONS
from likeness.experiments.unseen_people import PROTOCOLS, lab_and_unseen, unseen_people_parts
from likeness.files import check_new_folder, check_writable_folder
from likeness.reports import TowerPicture, print_protocol, print_report, write_report
from likeness.reports.content import NetworkFacts, ReportContent
from likeness.training import BATCHES, PAIRS, TrainingRecipe
from likeness.training.process import load_keras


def _train(
    data: options.Data,
    out: options.Out,
    mode: options.Mode = "batches",
    recipe: options.RecipeFile = None,
    set_: options.Changes = None,
    seed: options.Seed = None,
    log_dir: Annotated[Path | None, typer.Option(help="Write TensorBoard logs here.")] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Adapt this model, such as an imported one, instead of training a network: its "
            "embeddings are whitened, if held-out people gain by it.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    json_: options.Json = None,
) -> None:
    """Train a model on photos of people, and save it.

    A third of the people is held out to choose the epoch and the threshold; then a new network
    learns from everybody. Ctrl-C keeps the best weights so far.
    """
    settings = options.read_recipe(mode, file=recipe, changes=set_ or [], seed=seed)
    check_new_folder(out, overwrite=overwrite)
    check_writable_folder(log_dir, option="--log-dir")
    if from_ is not None:
        if settings != BATCHES.replace(seed=settings.seed) or log_dir is not None:
            raise SettingError(
                "--from: expected none of --mode, --recipe, --set and --log-dir with it: no "
                "network is trained. Leave them out, or leave --from out."
            )
        _adapt(from_, data, out, seed=settings.seed, overwrite=overwrite, json_=json_)
        return
    people = options.read_data(data, preparation=settings.preparation)
    people.require(identities=2, items_each=2)
    load_keras()
    from likeness.training import train as train_model  # late: brings Keras

    with terminal.training_bars() as bars:
        model = train_model(
            settings,
            people,
            on_progress=lambda training: bars.tell(0, people.name, training),
            log_dir=log_dir,
        )
    document = opening.training_document(model, model.save(out, overwrite=overwrite))
    evidence = document["threshold_evidence"]
    learned = (
        "No threshold: there were too few people to hold some out (six at least)."
        if document["threshold"] is None
        else f"Accepts a pair at an energy of at most {document['threshold']:.3f}, chosen on "
        f"{len(evidence['people'])} people held out ({evidence['genuine_pairs']} genuine and "
        f"{evidence['impostor_pairs']} impostor pairs)."
    )
    opening.finish_training(document, json_, learned)


def _adapt(
    base: Path, data: str, out: Path, *, seed: int, overwrite: bool, json_: str | None
) -> None:
    people = opening.read_data_for(base, data)
    load_keras()
    from likeness.training.adaptation import adapt  # late: with --from only

    with terminal.errors().status("Adapting"):
        adapted = adapt(base, people, out, overwrite=overwrite, seed=seed)
    document = {
        "format": "likeness.adaptation/1",
        "model": str(out),
        "fingerprint": adapted.model.fingerprint,
        "threshold": adapted.model.threshold,
        **adapted.to_json(),
    }
    lines = [*adapted.sentences(), f"Model {adapted.model.fingerprint[:12]} written to {out}."]
    terminal.finish(document, json_, *lines)


def _crossval(
    data: options.Data,
    protocol: Annotated[
        str,
        typer.Option(
            help="U4: four folds of unseen people. S20: two folds. open-set: as U4, half of the "
            "test people never enrolled. L: the split of the student exercise."
        ),
    ] = "U4",
    mode: options.Mode = "batches",
    recipe: options.RecipeFile = None,
    set_: options.Changes = None,
    seed: options.Seed = None,
    partition_seed: Annotated[
        int | None, typer.Option(help="Random seed that shuffles the people into folds.")
    ] = None,
    jobs: options.Jobs = None,
    evidence: options.Evidence = False,
    json_: options.Json = None,
) -> None:
    """Train and measure on people unseen in training.

    The baselines are measured on the same folds.
    """
    if protocol not in PROTOCOLS:
        raise SettingError(
            f"--protocol: expected one of {', '.join(PROTOCOLS)}. Received: {protocol!r}."
        )
    lab = protocol == "L"
    settings = options.read_recipe(
        "pairs" if lab else mode, file=recipe, changes=set_ or [], seed=seed
    )
    terminal.check_outputs(evidence=evidence, json_=json_)
    people = options.read_data(data, preparation=settings.preparation)
    with terminal.training_bars() as bars:
        section = PROTOCOLS[protocol](
            settings,
            people,
            partition_seed=partition_seed,
            workers=jobs,
            on_progress=lambda told: bars.tell(
                told.job, "lab split" if lab else f"fold {told.job}", told.training
            ),
        )
    if json_ != "-":
        print_protocol(terminal.output(), section.result)
    terminal.finish(section.to_json() if evidence else section.result.to_json(), json_)


def _demo(
    out: Annotated[Path, typer.Option(help="Folder for the report and the pictures.")] = Path(
        "likeness-demo"
    ),
    full: Annotated[
        bool, typer.Option("--full", help="All four folds of unseen people, instead of one.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    jobs: options.Jobs = None,
) -> None:
    """Train and measure on the AT&T faces, and write a report.

    It measures on the lab split and on ten people unseen in training, and a public face encoder
    if its weights are installed. Without the AT&T faces (LIKENESS_DATA, the cache, a network) it
    uses drawn faces and marks every figure.
    """
    check_writable_folder(out, option="--out")
    load_keras()
    began = time.perf_counter()
    faces = _faces()
    recipes = [dataclasses.replace(recipe, seed=seed) for recipe in (PAIRS, BATCHES)]
    folds = 4 if full else 1
    network, _ = _draw_network(recipes[1], out)
    terminal.say(network.summary)
    with terminal.training_bars() as bars:
        sections = lab_and_unseen(
            faces,
            lab=recipes[0],
            unseen=recipes[1],
            folds_run=folds,
            workers=jobs,
            on_progress=lambda told: bars.tell(
                told.job,
                "lab split    " if told.job == 0 else f"unseen fold {told.job - 1}",
                told.training,
            ),
        )
    seconds = time.perf_counter() - began
    content = ReportContent(
        title=f"A Siamese network on {faces.name}",
        data=faces,
        sections=sections,
        network=network,
        seconds=seconds,
    )
    page = write_report(content, out)
    print_report(terminal.output(), content)
    terminal.say(f"\nThe report: {page}", style="bold")
    if not full:
        terminal.say(
            "The unseen people are those of one fold of four, so the intervals are wide: "
            "`likeness demo --full` trains and measures on all of them."
        )
    if not faces.drawn:
        protocol = sections[1].result.protocol
        _public_encoder(faces, out / "public-encoder", folds=folds, protocol=protocol)


def _public_encoder(faces: Dataset, folder: Path, *, folds: int, protocol: str) -> None:
    """Print the figures of a public face encoder on so many of U4's folds.

    If its weights are installed; else, that they are not.
    """
    from likeness.experiments.aligned_faces import FaceAligner  # late: OpenCV
    from likeness.model.alignment import alignment_of
    from likeness.model.public import get_model

    try:
        with terminal.errors().status("Measuring a public face encoder on the same people"):
            model = get_model("dlib", folder, offline=True, overwrite=True)
            alignment = alignment_of(model)
            people = faces if alignment is None else FaceAligner(alignment).faces_of(faces)
            parts = unseen_people_parts(people, 4)[:folds]
            measured = [evaluate_unseen(model, test, threshold=None) for _, test in parts]
    except (DataNotFoundError, MissingExtraError) as error:
        terminal.say(f"\nA public face encoder was not measured. {error}")
        return
    figures = people_intervals(measured, repetitions=REPETITIONS, seed=BOOTSTRAP_SEED)
    said = ", ".join(
        f"{name.label} {percent(figures[name].mean)} ({figures[name].ends()})"
        for name in figures
        if name.kind in {"eer", "one_shot"}
    )
    terminal.say(
        f"\nA public face encoder, trained on other people, on the same people ({protocol}): "
        f"{said}; "
        f"{len(faces) - len(people)} of {len(faces)} photos without a usable face. It is in "
        f"{folder}: `likeness enrol PHOTOS --model {folder} --gallery staff.db`."
    )


def _faces() -> Dataset:
    """Return the AT&T faces; or drawn faces, with a warning, if they are not available."""
    if os.environ.get("LIKENESS_DATA"):
        return datasets.att()  # a named path must exist: no substitute
    try:
        with terminal.errors().status("Looking for the AT&T faces"):
            return datasets.att()
    except DataNotFoundError as error:
        terminal.note(
            "The AT&T faces are not available, so this run uses drawn faces: every figure "
            f"below is about drawn faces, not AT&T. ({error})"
        )
        return datasets.drawn_faces()


def _picture(
    out: Annotated[Path, typer.Option(help="Folder to write the pictures to.")] = Path(),
    mode: Annotated[str, typer.Option(help="Recipe: batches or pairs.")] = "batches",
    set_: options.Changes = None,
) -> None:
    """Draw the network as siamese.png and siamese.svg.

    model.png is drawn too if Graphviz is installed.
    """
    recipe = options.read_recipe(mode, file=None, changes=set_ or [], seed=None)
    check_writable_folder(out, option="--out")
    load_keras()
    _, files = _draw_network(recipe, out)
    terminal.say(*(f"Wrote {file}" for file in files))
    if all(file.name != "model.png" for file in files):
        terminal.note(
            "There is no model.png: keras.utils.plot_model needs Graphviz' `dot` program. "
            "The pictures above need no extra program.",
            style="dim",
        )


def _draw_network(recipe: TrainingRecipe, folder: Path) -> tuple[NetworkFacts, list[Path]]:
    """Describe a recipe's network, with its initial weights, and draw it into a folder.

    Returns:
        (what a report says of it, the pictures that were written).

    Raises:
        OutputError: the folder cannot be written to.
    """
    require_extra("keras", extra="train")
    from likeness.encoders import SiameseNet  # late: brings Keras
    from likeness.training import untrained_encoder

    network = SiameseNet(untrained_encoder(recipe), recipe.energy)
    files = list(TowerPicture.of(network).draw(folder))
    graphviz = _plot_model(network, folder / "model.png")
    return NetworkFacts.of(network), files if graphviz is None else [*files, graphviz]


def _plot_model(network: Any, file: Path) -> Path | None:
    """Draw the network by Keras; return None if Graphviz or pydot is missing."""
    keras = require_extra("keras")
    try:
        keras.utils.plot_model(
            network,
            to_file=str(file),
            show_shapes=True,
            show_layer_names=True,
            expand_nested=True,
            dpi=80,
        )
    except (ImportError, OSError):
        return None
    return file if file.is_file() else None
