"""Our trackers for the benchmark: one per sequence to learn from and seed, each trained once."""

import subprocess
import sys
from pathlib import Path

OTHER = {"bag": "dragon-baby", "dragon-baby": "bag"}
"""Sequence → the one that its tracker learns from."""


def model_folder(models: Path, learned: str, seed: int) -> Path:
    """Return where the model is, or will be."""
    return models / f"{learned}-{seed}"


def train_missing(models: Path, seeds: list[int], *, things: str) -> None:
    """Train whatever model is not there yet, one after the other, each on one thread."""
    models.mkdir(parents=True, exist_ok=True)
    for learned in OTHER.values():
        for seed in seeds:
            folder = model_folder(models, learned, seed)
            if not (folder / "model.json").is_file():
                command = [sys.executable, "-m", "likeness", "track-train", learned]
                subprocess.run(
                    [*command, "--things", things, "--seed", str(seed), "--out", str(folder)],
                    check=True,
                )
