"""``python -m benchmarks.tracking``: every tracker on the sequence that ours did not learn from."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from benchmarks.tracking.methods import (
    BASELINES,
    UNIT,
    Make,
    missing,
    opencv_methods,
    our_method,
)
from benchmarks.tracking.plot import draw
from benchmarks.tracking.table import markdown
from benchmarks.tracking.training import OTHER, model_folder, train_missing
from likeness import __version__
from likeness.files import to_json
from likeness.model.folder import SavedModel
from likeness.tasks.tracking import Box
from likeness.tasks.tracking.card import TRACKING_FORMAT
from likeness.tasks.tracking.evaluation import (
    BLOCK,
    TrackEvaluation,
    track_intervals,
)
from likeness.tasks.tracking.sequences import TrackingSequence

HERE = Path(__file__).parent
OURS = "likeness"


def on_one_core() -> bool:
    """Keep this process on one core, as ``taskset -c 0`` does; return whether that worked."""
    cv2.setNumThreads(1)
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return True


def followed(make: Make, film: TrackingSequence) -> tuple[TrackEvaluation, dict[str, float]]:
    """Return how well a tracker followed the target, and the seconds that a frame took."""
    wall, work = time.perf_counter(), time.process_time()
    tracker = make(film.frames[0], Box(*film.boxes[0].tolist()))
    found = [tracker.step(frame).as_tuple() for frame in film.frames[1:]]
    seconds = {
        "wall": (time.perf_counter() - wall) / len(found),
        "processor": (time.process_time() - work) / len(found),
    }
    return TrackEvaluation.of(found, film.boxes[1:]), seconds


def measured(
    film: TrackingSequence, methods: Mapping[str, list[Make]], *, rounds: int
) -> tuple[dict[str, TrackEvaluation], dict[str, dict[str, float]], dict[str, list[Any]]]:
    """Return tracks, the best seconds a frame of all rounds, and the runs one by one."""
    tracks: dict[str, TrackEvaluation] = {}
    runs: dict[str, list[Any]] = {}
    seconds: dict[str, dict[str, float]] = {}
    for _ in range(rounds):  # in turns: a busy minute hits all of them
        for name, makers in methods.items():
            found = [followed(make, film) for make in makers]
            tracks[name] = TrackEvaluation.together([track for track, _ in found])
            runs[name] = [track.to_json() for track, _ in found]
            taken = [cost for _, cost in found] + ([seconds[name]] if name in seconds else [])
            seconds[name] = {kind: min(cost[kind] for cost in taken) for kind in taken[0]}
            typer.echo(f"{film.name}: {name} {dict(tracks[name].figures)}", err=True)
    return tracks, seconds, runs


def result(
    film: TrackingSequence, makers: Mapping[str, list[Make]], *, rounds: int
) -> dict[str, dict[str, Any]]:
    """Return every method's figures, intervals, speed and single runs on a sequence."""
    tracks, seconds, runs = measured(film, makers, rounds=rounds)
    best = max(BASELINES, key=lambda name: tracks[name].figures["mean_overlap"])
    intervals = track_intervals(tracks, beside=best)
    return {
        name: {
            **track.to_json(),
            "intervals": to_json(intervals[name]),
            "frames_a_second": 1 / seconds[name]["processor"],
            "frames_a_second_by_the_clock": 1 / seconds[name]["wall"],
            "cost": seconds[name]["processor"] / seconds[UNIT]["processor"],
            "beside": best,
            "runs": runs[name],
        }
        for name, track in tracks.items()
    }


def main(
    models: Annotated[Path, typer.Option(help="Where our models are, or will be.")] = Path(
        "models/tracking"
    ),
    seeds: Annotated[str, typer.Option(help="Of our trainings, by commas.")] = "0,1,2",
    things: Annotated[str, typer.Option(help="Image set that ours learn from, too.")] = "att",
    rounds: Annotated[int, typer.Option(min=1, help="Runs of each tracker, for its time.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for results.json, results.md, plot.")] = HERE,
) -> None:
    """Run every tracker on both sequences; ours learned from the other one."""
    numbers = [int(seed) for seed in seeds.split(",")]
    train_missing(models, numbers, things=things)
    alone = on_one_core()
    document: dict[str, Any] = {
        "format": "likeness.tracking-benchmark/1",
        "likeness": __version__,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "missing": missing(),
        "seeds": numbers,
        "one_core": alone,
        "block": BLOCK,
        "sequences": {},
        "models": {},
    }
    for word, film in (
        ("bag", TrackingSequence.published("bag")),
        ("dragon-baby", TrackingSequence.published("DragonBaby")),
    ):
        folders = [model_folder(models, OTHER[word], seed) for seed in numbers]
        makers: dict[str, list[Make]] = {OURS: [our_method(folder) for folder in folders]}
        makers |= {name: [make] for name, make in (BASELINES | opencv_methods()).items()}
        document["models"][OTHER[word]] = [_about(folder) for folder in folders]
        document["sequences"][film.name] = {
            "learned": OTHER[word],
            "frames": len(film),
            "methods": result(film, makers, rounds=rounds),
        }
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    table = markdown(document)
    (out / "results.md").write_text(table, encoding="utf-8")
    draw(document, out / "success.svg")
    typer.echo(table)


def _about(folder: Path) -> dict[str, Any]:
    document = SavedModel.read(folder, formats=(TRACKING_FORMAT,)).to_json()
    record = document["record"]
    return {
        "fingerprint": document["fingerprint"],
        "parameters": document["parameters"],
        "tracker": document["tracker"],
        "threshold": document["threshold"],
        "recipe": record["recipe"],
        "seconds": record["seconds"],
        "processor_seconds": record.get("processor_seconds"),
        "choice": record["choice"],
        "interrupted": record["interrupted"],
    }


if __name__ == "__main__":
    typer.run(main)
