"""``likeness questions train|evaluate`` and ``likeness faq``: sentences that mean the same."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.arrays import check_in_range
from likeness.cli import opening, options, terminal
from likeness.errors import ModelError
from likeness.files import check_new_folder
from likeness.model.opening import open_model
from likeness.recogniser.gallery import GalleryKey, GalleryModel, create_gallery
from likeness.tasks.sentences.preparation import TextPreparation
from likeness.tasks.sentences.questions import Question, QuestionSearch
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.sentences.sentence_pairs import Similarity
from likeness.tasks.sentences.sentence_transformer import MARK, SentenceTransformerModel
from likeness.tasks.sentences.sts import sts
from likeness.training.process import load_keras

UNKNOWN = 1
"""Exit code if no question, or more than one, may be the same."""

Data = Annotated[
    Path | None,
    typer.Option(help="The STS benchmark, a zip or folder. Default: the cached or downloaded one."),
]


def _train(
    out: options.Out,
    data: Data = None,
    loss: Annotated[
        str,
        typer.Option(help="correlation (learns from every score) or contrastive (clear pairs)."),
    ] = "correlation",
    set_: options.Changes = None,
    seed: options.Seed = None,
    overwrite: options.Overwrite = False,
    json_: options.Json = None,
) -> None:
    """Train a model of sentences on the STS benchmark, and save it.

    It learns from the benchmark's training part. The epoch and the threshold are chosen on its dev
    part; the test part is not used. Ctrl-C keeps the best weights so far.
    """
    recipe = options.changed(SimilarityRecipe(loss=loss), set_, seed=seed)
    check_new_folder(out, overwrite=overwrite)
    pairs, choosing = (_read(data, part) for part in ("train", "dev"))
    load_keras()
    from likeness.tasks.sentences.training import train_similarity  # late: brings Keras

    with terminal.training_bars() as bars:
        model = train_similarity(
            recipe,
            pairs,
            choosing,
            on_progress=lambda training: bars.tell(0, pairs.name, training),
        )
    document = opening.training_document(model, model.save(out, overwrite=overwrite))
    spearman = Similarity(**document["similarity"]).in_words("spearman")
    lines = [f"Chosen: epoch {document['epochs']}, Spearman {spearman} on dev."]
    if document["threshold"] is not None:
        evidence = document["threshold_evidence"]
        lines.append(
            "Two sentences count as the same at an energy of at most "
            f"{document['threshold']:.3f}, chosen on {evidence['genuine_pairs']} dev pairs "
            f"with a score of {evidence['genuine_from']:g} or more and "
            f"{evidence['impostor_pairs']} with {evidence['impostor_to']:g} or less."
        )
    opening.finish_training(document, json_, *lines)


def _evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model of texts.")],
    data: Data = None,
    part: Annotated[str, typer.Option(help="test, dev or train.")] = "test",
    json_: options.Json = None,
) -> None:
    """Measure a model of sentences on the STS benchmark.

    It reports Spearman's and Pearson's correlation of the energies with the
    annotated scores, each with a 95 % bootstrap interval over pairs. A model of
    Sentence-Transformers is measured the same way.
    """
    loaded = _open_text_model(model)
    pairs = _read(data, part)
    with terminal.errors().status("Embedding and counting"):
        correlations = Similarity.of(pairs.scores, pairs.energies(loaded))
    if part == "train" or loaded.record.get("chosen_on", {}).get("digest") == pairs.digest:
        terminal.note("Note: the model was trained or chosen on these pairs.")
    document = {
        "format": "likeness.similarity/1",
        "fingerprint": loaded.fingerprint,
        "energy": loaded.energy,
        "data": {"name": pairs.name, "digest": pairs.digest, "licence": pairs.licence},
        "intervals": "95 %, percentile bootstrap over pairs, 1000 repetitions, seed 0",
        **correlations.to_json(),
    }
    terminal.finish(
        document,
        json_,
        f"{pairs.name}: {len(pairs):,} pairs.",
        f"Spearman {correlations.in_words('spearman')}, Pearson {correlations.in_words('pearson')}",
    )


def _open_text_model(folder: Path) -> Any:
    """Return a model whose ``embed`` takes a list of texts.

    Raises:
        ModelError: there is no model, or it is a model of photos.
        MissingExtraError: the runtime is not installed.
    """
    if (folder / MARK).is_file() and not (folder / "model.json").is_file():
        return SentenceTransformerModel.open(folder)
    model = open_model(folder)
    if not isinstance(getattr(model, "preparation", None), TextPreparation):
        raise ModelError(
            f"{folder}: expected a model of texts. Received: one of photos. Make one with "
            "`likeness questions train --out DIR`."
        )
    return model


def _read(data: Path | None, part: str) -> Any:
    with terminal.reading_bar("STS benchmark") as bar:
        return sts(data, part=part, on_progress=bar)  # type: ignore[arg-type]


def _faq(
    questions: Annotated[
        Path, typer.Argument(help="UTF-8 text: one question per line, its answer after a tab.")
    ],
    question: Annotated[str, typer.Argument(metavar="ASKED", help="The question to look up.")],
    model: Annotated[
        Path,
        typer.Option("--model", help="Folder of a model of texts, or of Sentence-Transformers."),
    ],
    top_k: options.TopK = 3,
    gallery: Annotated[
        str | None,
        typer.Option(
            help="Store the questions here; new ones are added, none is removed. "
            f"{options.GALLERY_HELP} Default: in memory."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Two questions count as the same up to this energy. Default: the model's."
        ),
    ] = None,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Find the question in a file that means the same.

    Exit code 0 if there is one, 1 if there is none or more than one may be, 2 if it could not be
    tried. A model without a threshold lists the nearest ones and does not decide.
    """
    check_in_range(top_k, 1, 1000, argument="--top-k", whole=True)
    if threshold is not None:
        check_in_range(threshold, -1e9, 1e9, argument="--threshold")
    known = Question.read(questions)
    loaded = _open_text_model(model)
    if threshold is not None:
        loaded = replace(loaded, threshold=threshold, calibration={})
    loaded.embed([question])  # before anything is made
    where, described = gallery or ":memory:", GalleryModel.of(loaded)
    with create_gallery(where, described, key=GalleryKey.read(key_file)) as opened:
        search = QuestionSearch(model=loaded, gallery=opened)
        added = search.enrol(known)
        answer = search.find(question, nearest=top_k)
    if gallery is not None:
        terminal.note(f"{added} questions were new to {gallery}.", style="dim")
    nearest = answer.nearest
    lines: list[Any] = [
        {"known": nearest[0].question, None: "nearest"}.get(answer.status, answer.status)
    ]
    if answer.status == "known" and nearest[0].answer:
        lines.append(nearest[0].answer)
    lines.append(answer.reason)
    lines += [
        f"  {rank}. {match.question}  energy {match.energy:.4g}"
        for rank, match in enumerate(nearest, 1)
    ]
    terminal.finish(answer.to_json(), json_, *lines)
    if answer.status not in (None, "known"):
        raise typer.Exit(UNKNOWN)
