"""``likeness questions train|evaluate`` and ``likeness faq``: sentences that mean the same."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from likeness.arrays import check_in_range
from likeness.cli.settings import Changes, changed
from likeness.cli.terminal import (
    check_json_place,
    errors,
    output,
    reading_bar,
    training_bars,
    write_json,
)
from likeness.cli.trained import training_document
from likeness.files import check_new_folder
from likeness.tasks.sentences.recipe import SimilarityRecipe

UNKNOWN = 1
"""Exit code where no question, or more than one, may be the same."""

KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="File with the gallery's key; else LIKENESS_GALLERY_KEY."),
]
Json = Annotated[
    str | None, typer.Option("--json", help="Write the result here; - for standard output.")
]
Data = Annotated[
    Path | None,
    typer.Option(help="The STS benchmark, a zip or folder; else looked for, or downloaded."),
]


def train(
    out: Annotated[Path, typer.Option(help="Folder to write the model to.")],
    data: Data = None,
    loss: Annotated[
        str,
        typer.Option(help="correlation (learns from every score) or contrastive (clear pairs)."),
    ] = "correlation",
    set_: Changes = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model.")] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the record here; - for standard output.")
    ] = None,
) -> None:
    """Train a model of sentences on the STS benchmark, and save it.

    It learns from the benchmark's training part. The epoch and the threshold are chosen on its dev
    part; the test part is not looked at. Ctrl-C keeps the best weights so far.
    """
    recipe = changed(SimilarityRecipe(loss=loss), set_, seed=seed)
    check_json_place(json_)
    check_new_folder(out, overwrite=overwrite)
    pairs, choosing = (_read(data, part) for part in ("train", "dev"))
    from likeness.training.quiet import load_keras  # late: brings Keras

    load_keras()
    from likeness.tasks.sentences.training import train_similarity  # late: brings Keras

    with training_bars() as bars:
        model = train_similarity(
            recipe,
            pairs,
            choosing,
            on_progress=lambda training: bars.tell(0, pairs.name, training),
        )
    folder = model.save(out, overwrite=overwrite)
    document = training_document(model, folder)
    if json_ != "-":
        _say_trained(document)
    write_json(document, json_)


def _say_trained(document: dict[str, Any]) -> None:
    say = output().print
    if document["interrupted"]:
        say("[yellow]Stopped early: these are the best weights so far.[/]")
    found, evidence = document["similarity"], document["threshold_evidence"]
    say(f"Chosen: epoch {document['epochs']}, Spearman {_figure(found, 'spearman')} on dev.")
    if document["threshold"] is not None:
        say(
            "Takes two for the same at an energy of at most "
            f"{document['threshold']:.3f}, chosen on {evidence['genuine_pairs']} dev pairs with "
            f"a score of {evidence['genuine_from']:g} or more and {evidence['impostor_pairs']} "
            f"with {evidence['impostor_to']:g} or less."
        )
    say(f"Model {document['fingerprint'][:12]} written to {document['model']}", soft_wrap=True)
    if document["no_onnx"]:
        say(f"[yellow]It has no ONNX part:[/] {escape(document['no_onnx'])}", highlight=False)


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model of texts.")],
    data: Data = None,
    part: Annotated[str, typer.Option(help="test, dev or train.")] = "test",
    json_: Json = None,
) -> None:
    """Measure a model of sentences on the STS benchmark.

    Do the energies fall as the similarity rises? Spearman's and Pearson's correlation with the
    scores that people gave, each with a 95 % bootstrap interval over pairs. A model of
    Sentence-Transformers is measured the same way.
    """
    from likeness.tasks.sentences.sentence_column import open_text_model  # late: a runtime
    from likeness.tasks.sentences.sentences import pair_energies
    from likeness.tasks.sentences.similarity import similarity

    check_json_place(json_)
    loaded = open_text_model(model)
    pairs = _read(data, part)
    with errors().status("Embedding and counting"):
        found = similarity(pairs.scores, pair_energies(loaded, pairs)).as_dict()
    if json_ != "-":
        output().print(
            f"{pairs.name}: {len(pairs):,} pairs.\n"
            f"Spearman {_figure(found, 'spearman')}, Pearson {_figure(found, 'pearson')}",
            highlight=False,
        )
        if part == "train" or loaded.record.get("chosen_on", {}).get("digest") == pairs.digest:
            errors().print("Note: the model was trained or chosen on these pairs.", style="yellow")
    document = {
        "format": "likeness.similarity/1",
        "fingerprint": loaded.fingerprint,
        "energy": loaded.energy,
        "data": {"name": pairs.name, "digest": pairs.digest, "licence": pairs.licence},
        "intervals": "95 %, percentile bootstrap over pairs, 1000 repetitions, seed 0",
        **found,
    }
    write_json(document, json_)


def _figure(found: dict[str, Any], name: str) -> str:
    low, high = found[f"{name}_interval"]
    return f"{found[name]:.3f} ({low:.3f} to {high:.3f})"


def _read(data: Path | None, part: str) -> Any:
    from likeness.tasks.sentences.sts import sts  # late: only here

    with reading_bar("STS benchmark") as bar:
        return sts(data, part=part, on_progress=bar)  # type: ignore[arg-type]


def faq(
    questions: Annotated[
        Path, typer.Argument(help="UTF-8 text: a question a line, its answer behind a tab.")
    ],
    asked: Annotated[str, typer.Argument(help="What somebody asks.")],
    model: Annotated[
        Path,
        typer.Option("--model", help="Folder of a model of texts, or of Sentence-Transformers."),
    ],
    top_k: Annotated[int, typer.Option(help="How many of the nearest questions to list.")] = 3,
    gallery: Annotated[
        str | None,
        typer.Option(
            help="Keep the questions here: a path, or postgresql+psycopg://USER@HOST/DATABASE. "
            "Those that are new are added, none is removed. In memory, if not given."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Takes two for the same up to this energy; else the model's."),
    ] = None,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Find the question in a file that means the same.

    Exit code 0 if there is one, 1 if there is none or two may, 2 if it could not be tried. A model
    without a threshold lists the nearest ones and does not decide.
    """
    from dataclasses import replace

    from likeness.recogniser.gallery import create_gallery, read_key  # late: a database
    from likeness.tasks.sentences.questions import (
        QuestionSearch,
        read_questions,
        text_gallery_model,
    )
    from likeness.tasks.sentences.sentence_column import open_text_model  # late: a runtime

    check_json_place(json_)
    check_in_range(top_k, 1, 1000, argument="--top-k", whole=True)
    if threshold is not None:
        check_in_range(threshold, -1e9, 1e9, argument="--threshold")
    known = read_questions(questions)
    loaded = open_text_model(model)
    if threshold is not None:
        loaded = replace(loaded, threshold=threshold, calibration={})
    loaded.embed([asked])  # before anything is made
    described = text_gallery_model(loaded)
    with create_gallery(gallery or ":memory:", described, key=read_key(key_file)) as opened:
        search = QuestionSearch(model=loaded, gallery=opened)
        added = search.enrol(known)
        found = search.ask(asked, nearest=top_k)
    if gallery is not None:
        errors().print(f"{added} questions were new to {gallery}.", style="dim", highlight=False)
    if json_ != "-":
        _say_found(found)
    write_json(found.as_dict(), json_)
    if found.status not in (None, "known"):
        raise typer.Exit(UNKNOWN)


def _say_found(found: Any) -> None:
    def say(line: str) -> None:
        output().print(line, markup=False, highlight=False, soft_wrap=True)

    say({"known": found.nearest[0].question, None: "nearest"}.get(found.status, found.status))
    if found.status == "known" and found.nearest[0].answer:
        say(found.nearest[0].answer)
    say(found.reason)
    for place, one in enumerate(found.nearest, 1):
        say(f"  {place}. {one.question}  energy {one.energy:.4g}")
