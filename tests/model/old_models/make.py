"""Makes one tiny saved model of each kind, and what each gave then: run it once, keep the result.

It was run with likeness 0.1.0 at git commit 9fb93e5, on Keras 3.15.1 (TensorFlow), tf2onnx 1.17.0
and ONNX Runtime 1.32.0, before the source tree was arranged anew::

    python tests/model/old_models/make.py tests/model/old_models

Do not run it again over what is there: `test_old_models.py` proves that models saved by that
version still open, which models of today cannot prove. It makes

======================  ===========================================================================
face                    residual, views, whitening; calibrated
face_ensemble           two convnets joined, colour, views, whitening; with an int8 part
characters              cells over an ink frame
signatures              readings over ink parts, two members, whitened within writers
sentences               a bag of pieces
tracker                 fully convolutional, cross-correlation
imported                somebody else's ONNX file; calibrated
estimator_classifier    `SiameseClassifier` on rows, with templates
estimator_embedder      `SiameseEmbedder` on pictures
results                 JSON and CSV that the commands wrote about them
expected.json           what each gave for `inputs.py`
======================  ===========================================================================

``encoder.keras``, ``encoder.onnx`` and ``templates.npz`` are packed, each as ``NAME.xz``: an HDF5
file of few weights is nearly empty. Unpacked they are byte for byte what was saved.

No photograph is in it: the faces, characters, signatures and films are drawn.
"""

import dataclasses
import itertools
import json
import lzma
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import inputs
import numpy as np
from likeness.datasets.drawn_sequence import drawn_sequence
from likeness.tracking import Box, Tracker, open_tracking_model
from PIL import Image

import likeness
from likeness import SiameseClassifier, SiameseEmbedder, TrainingRecipe, load_model, open_model
from likeness.cli import main
from likeness.datasets import SentencePairs, drawn_characters, drawn_faces, drawn_signatures
from likeness.training import (
    CHARACTERS,
    SIGNATURES,
    SimilarityRecipe,
    TrackingRecipe,
    train,
    train_similarity,
    train_tracker,
)

FACE = TrainingRecipe(
    encoder="residual", width=1, embedding_size=6, rows=24, columns=20, epochs=2, steps=3,
    identities=4, items_each=3, mirrored=True, shift=1, whitening=True, shrinkage=0.5,
    held_out=0.3, refit=True, seed=1,
)  # fmt: skip

ENSEMBLE = TrainingRecipe(
    encoder="convnet", width=2, embedding_size=5, members=2, channels=3, rows=16, columns=16,
    loss="contrastive", margin=1.2, energy="cosine", epochs=1, steps=4, identities=4, items_each=3,
    mirrored=True, shift=1, whitening=True, shrinkage=0.5, directions=4, held_out=0, seed=2,
)  # fmt: skip

SMALL_CHARACTERS = dataclasses.replace(
    CHARACTERS, width=2, rows=16, columns=16, embedding_size=16, identities=6, items_each=3,
    epochs=1, steps=4, held_out=0.3, seed=3,
)  # fmt: skip

SMALL_SIGNATURES = dataclasses.replace(
    SIGNATURES, width=1, rows=16, columns=32, embedding_size=32, directions=4, members=2,
    identities=4, items_each=2, epochs=1, steps=4, held_out=0.34, seed=4,
)  # fmt: skip

SENTENCES = SimilarityRecipe(
    buckets=64, shortest=2, longest=3, embedding_size=6, epochs=2, batch_size=16, hidden=0.2, seed=5
)

TRACKER = TrackingRecipe(width=2, channels=4, search=79, steps=6, pairs=3, seed=6)

ESTIMATOR = {"steps": 3, "embedding_size": 4, "width": 4, "random_state": 0}


def run(*words: str | Path) -> int:
    """Run a command of the library, in this process; return its exit code."""
    sys.argv = ["likeness", *map(str, words)]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def must(*words: str | Path) -> None:
    """Run a command that has to end well."""
    if code := run(*words):
        raise SystemExit(f"{words} ended with {code}")


def as_folder(data: Any, folder: Path) -> Path:
    """Write drawn people as a folder of pictures, one sub-folder each."""
    for number, (item, identity) in enumerate(zip(data.items, data.identities, strict=True)):
        # Named by the folder too: people of two folders are different ones.
        place = folder / f"{folder.name}_{identity}" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0] if item.shape[-1] == 1 else item).save(place)
    return folder


def coloured(data: Any) -> Any:
    """Return the drawn faces in three channels."""
    return likeness.Dataset(
        data.items.repeat(3, axis=-1), data.identities, name=data.name, licence=data.licence,
        drawn=True,
    )  # fmt: skip


def sentence_pairs(frames: tuple[str, ...], name: str) -> SentencePairs:
    """Return pairs of made-up sentences: 5 if they mean the same, otherwise 1."""
    kinds = (("car", "vehicle"), ("dog", "puppy"), ("home", "dwelling"))
    words = [(word, kind) for kind, some in enumerate(kinds) for word in some]
    pairs = [
        (frame.format(one), frame.format(other), 5.0 if kind == other_kind else 1.0)
        for frame in frames
        for (one, kind), (other, other_kind) in itertools.permutations(words, 2)
    ]
    left, right, scores = zip(*pairs, strict=True)
    return SentencePairs(left=left, right=right, scores=np.array(scores), name=name)


def small_onnx() -> bytes:
    """Return a face encoder as others publish them: a convolution, ReLU, a product."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.RandomState(7)
    arrays = {
        "kernel": rng.normal(size=(2, 3, 3, 3)).astype(np.float32) / 5,
        "matrix": rng.normal(size=(2 * 16 * 12, 4)).astype(np.float32) / 20,
    }
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("MatMul", ["f", "matrix"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 3, 16, 12))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 4))],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def make_models(out: Path, place: Path) -> None:
    """Write every model's folder, and the results of the commands."""
    results = out / "results"
    results.mkdir()
    learned = as_folder(
        drawn_faces(identities=8, photos_each=3, size=(28, 23), seed=1), place / "a"
    )
    others = as_folder(
        drawn_faces(identities=14, photos_each=3, size=(28, 23), seed=2), place / "b"
    )
    (place / "recipe.json").write_text(FACE.to_json())
    must("train", learned, "--recipe", place / "recipe.json", "--out", out / "face",
         "--json", results / "train.json")  # fmt: skip
    must("calibrate", out / "face", others, "--people", "3", "--strangers-accepted", "30%",
         "--json", results / "calibrate.json")  # fmt: skip
    few = as_folder(drawn_faces(identities=4, photos_each=2, size=(28, 23), seed=4), place / "c")
    must("evaluate", out / "face", few, "--json", results / "evaluate.json")
    must("card", out / "face", "--name", "old face", "--licence", "CC-BY-4.0")
    faces = coloured(drawn_faces(identities=6, photos_each=3, size=(28, 23), seed=3))
    train(ENSEMBLE, faces).save(out / "face_ensemble")
    must("export", out / "face_ensemble", "--int8", "--photos", others)
    characters = drawn_characters(alphabets=2, characters_each=5, drawers=3, size=48)
    train(SMALL_CHARACTERS, characters).save(out / "characters")
    signed = drawn_signatures(writers=8, names=2, media=2, size=64)
    train(SMALL_SIGNATURES, signed).save(out / "signatures")
    frames = ("the {} is red", "i saw one {} today", "we like your {}")
    train_similarity(
        SENTENCES, sentence_pairs(frames[:2], "made up"), sentence_pairs(frames[2:], "others")
    ).save(out / "sentences")
    train_tracker(TRACKER, [drawn_sequence(frames=12, size=(96, 128), seed=6)]).save(
        out / "tracker"
    )
    (place / "theirs.onnx").write_bytes(small_onnx())
    must("model", "import", place / "theirs.onnx", "--size", "12x16", "--licence", "MIT",
         "--out", out / "imported")  # fmt: skip
    must("calibrate", out / "imported", others, "--far", "0.4")
    names = np.array(["ada", "bob", "cy"])
    kinds = np.arange(30) % 3
    SiameseClassifier(**ESTIMATOR, unknown_label="nobody").fit(inputs.rows(30), names[kinds]).save(
        out / "estimator_classifier"
    )
    SiameseEmbedder(**ESTIMATOR).fit(inputs.pictures(30), kinds).save(out / "estimator_embedder")


def numbers(array: Any) -> Any:
    """Return an array as JSON has it, to nine digits; or of texts, as they are."""
    array = np.asarray(array)
    return array.astype(np.float64).round(9).tolist() if array.dtype.kind == "f" else array.tolist()


def packed(folder: Path) -> None:
    """Pack the files that are no text."""
    for file in [*folder.rglob("*")]:
        if file.suffix in {".keras", ".npz", ".onnx"}:
            content = lzma.compress(file.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
            file.with_name(file.name + ".xz").write_bytes(content)
            file.unlink()


def expected(out: Path, place: Path) -> dict[str, Any]:
    """Return what every model gives for `inputs`; the commands' answers go into results."""
    found: dict[str, Any] = {
        "likeness": likeness.__version__,
        "commit": "9fb93e5",
        "models": {},
        "estimators": {},
    }
    for name, asked in inputs.ASKED.items():
        opened = open_model(out / name)
        entry: dict[str, Any] = {
            "fingerprint": opened.fingerprint,
            "energy": opened.energy,
            "threshold": opened.threshold,
            "onnx": numbers(opened.embed(asked())),
        }
        assert opened.runtime == "onnx", name
        if (out / name / "encoder.keras").exists():
            entry["keras"] = numbers(load_model(out / name).embed(asked()))
        if (out / name / "encoder.int8.onnx").exists():
            entry["int8"] = numbers(open_model(out / name, variant="int8").embed(asked()))
        found["models"][name] = entry
    classifier = SiameseClassifier.load(out / "estimator_classifier")
    found["estimators"]["estimator_classifier"] = {
        "embeddings": numbers(classifier.transform(inputs.rows())),
        "answers": numbers(classifier.predict(inputs.rows())),
        "chances": numbers(classifier.predict_proba(inputs.rows())),
    }
    embedder = SiameseEmbedder.load(out / "estimator_embedder")
    found["estimators"]["estimator_embedder"] = {
        "embeddings": numbers(embedder.transform(inputs.pictures()))
    }
    found["tracker"] = of_tracker(out / "tracker")
    frames = place / "frames"
    frames.mkdir()
    for number, frame in enumerate(inputs.film(), start=1):
        Image.fromarray(frame).save(frames / f"{number}.png")
    must("track", frames, "--model", out / "tracker", "--box",
         ",".join(map(str, inputs.FIRST_BOX)), "--out", out / "results" / "track.csv")  # fmt: skip
    for number, photo in enumerate(inputs.photos(2), start=1):
        Image.fromarray(photo[..., 0]).save(place / f"{number}.png")
    found["compare_exit"] = run("compare", place / "1.png", place / "2.png", "--model",
                                out / "face", "--json", place / "compare.json")  # fmt: skip
    compared = json.loads((place / "compare.json").read_text())
    found["compare"] = {
        key: compared[key] for key in ("energy", "threshold", "probability", "same")
    }
    return found


def of_tracker(folder: Path) -> dict[str, Any]:
    """Return the energies of a target over a picture, every fourth place, and a film's boxes."""
    model = open_tracking_model(folder)
    target, search = inputs.tracked()
    energies = model.energies(model.template(target), search, focus=0.5)
    frames = inputs.film()
    tracker = Tracker(model, frames[0], Box(*inputs.FIRST_BOX))
    steps = [tracker.step(frame) for frame in frames[1:]]
    return {
        "fingerprint": model.fingerprint,
        "threshold": model.threshold,
        "settings": model.settings.as_dict(),
        "energies": numbers(energies[0, ::4, ::4]),
        "boxes": [list(step.box.as_tuple()) for step in steps],
        "step_energies": [step.energy for step in steps],
        "lost": [step.lost for step in steps],
    }


if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    if (target / "expected.json").exists():
        raise SystemExit(f"{target} holds the old models already; they must stay as they are.")
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "out"
        fresh.mkdir()
        os.environ["COLUMNS"] = "100"
        make_models(fresh, Path(scratch))
        document = json.dumps(expected(fresh, Path(scratch)), sort_keys=True)
        (fresh / "expected.json").write_text(document + "\n")
        packed(fresh)
        shutil.copytree(fresh, target, dirs_exist_ok=True)
