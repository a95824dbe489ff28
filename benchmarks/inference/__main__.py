"""``python -m benchmarks.inference MODEL``: Keras, ONNX Runtime and int8 side by side."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.model.folder import SavedModel

ARMS = {
    "Keras": ("keras", "float32", "encoder.keras"),
    "ONNX Runtime": ("onnx", "float32", "encoder.onnx"),
    "ONNX Runtime, int8": ("onnx", "int8", "encoder.int8.onnx"),
}
UNIT = "ONNX Runtime"

COLUMNS = {
    "cold_seconds": ("cold start", "s"),
    "one_photo_milliseconds": ("one photo, p50", "ms"),
    "processor_milliseconds": ("of the processor", "ms"),
    "photos_per_second": ("batch of 64", "photos/s"),
    "resident_megabytes": ("resident", "MB"),
}

LARGER_IS_BETTER = {"photos_per_second"}

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

Runs = Mapping[str, list[dict[str, float]]]


def arms_of(folder: Path) -> list[str]:
    """Return the arms that the model has, in order."""
    parts = SavedModel.read(folder).parts
    has = {"float32": "onnx" in parts, "int8": "int8" in parts}
    return [
        name
        for name, (runtime, variant, file) in ARMS.items()
        if (runtime == "onnx" and has[variant])
        or (runtime == "keras" and (folder / file).is_file())
    ]


def run_once(folder: Path, arm: str) -> dict[str, float]:
    """Return what one process on one runtime measured."""
    runtime, variant, _ = ARMS[arm]
    command = [sys.executable, "-m", "benchmarks.inference.one_process"]
    done = subprocess.run(
        [*command, str(folder), runtime, variant, repr(time.time())],
        env=os.environ | ONE_THREAD,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise typer.BadParameter(f"{arm}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def summary(runs: Runs) -> dict[str, dict[str, float]]:
    """Return the best that each arm's processes reached: the others were held up by something."""
    return {
        arm: {
            name: (max if name in LARGER_IS_BETTER else min)(run[name] for run in found)
            for name in COLUMNS
        }
        for arm, found in runs.items()
    }


def markdown(folder: Path, runs: Runs) -> str:
    """Return the best figures, and in brackets how many times those of ONNX Runtime they are."""
    best = summary(runs)
    lines = _row(["", "file, MB", *(f"{name}, {unit}" for name, unit in COLUMNS.values())])
    lines += _row(["---"] * (2 + len(COLUMNS)))
    for arm, found in best.items():
        cells = [_cell(found[name], best.get(UNIT, {}).get(name)) for name in COLUMNS]
        size = (folder / ARMS[arm][2]).stat().st_size / 1e6
        lines += _row([arm, f"{size:.1f}", *cells])
    rounds = len(next(iter(runs.values())))
    return lines + (
        f"\nThe best of {rounds} processes each, in turns, one thread; × is beside {UNIT} in the "
        "same run. Cold start: from starting Python to the first embedding. A photo's time has "
        "its preparation in it. Keras as `load_model` runs it, layer by layer.\n"
    )


def _cell(value: float, unit: float | None) -> str:
    said = f"{value:.2f}" if value < 20 else f"{value:.0f}"
    return said if not unit else f"{said} ({value / unit:.2g} ×)"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def main(
    model: Annotated[Path, typer.Argument(help="Folder of a model, best with an int8 variant.")],
    rounds: Annotated[int, typer.Option(min=1, help="Processes per runtime.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Write the table here, too.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Write every figure here.")] = None,
) -> None:
    """Measure cold start, one photo and a batch of 64 on every runtime that the model has."""
    arms = arms_of(model)
    for missing in [arm for arm in ARMS if arm not in arms]:
        typer.echo(f"{missing} is left out: the model has no {ARMS[missing][2]}.", err=True)
    runs: dict[str, list[dict[str, Any]]] = {arm: [] for arm in arms}
    for number in range(rounds):
        for arm in arms:  # in turns: a busy minute hits all of them
            runs[arm].append(run_once(model, arm))
            typer.echo(f"round {number + 1}: {arm} {_short(runs[arm][-1])}", err=True)
    table = markdown(model, runs)
    typer.echo(table)
    if out is not None:
        out.write_text(table, encoding="utf-8")
    if json_ is not None:
        json_.write_text(json.dumps({"runs": runs, "best": summary(runs)}, indent=2) + "\n")


def _short(found: Mapping[str, float]) -> str:
    return ", ".join(f"{found[name]:.3g} {unit}" for name, (_, unit) in COLUMNS.items())


if __name__ == "__main__":
    typer.run(main)
