"""The embedded store: SQLite and one matrix, beside the bare NumPy product."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gallery.people import enrol_all, noisy, template, unit_vectors
from likeness.recogniser.gallery import Gallery

BATCH = 64


def measure(place: Path, *, templates: int, dimensions: int, repeat: int) -> dict[str, Any]:
    """Return seconds and ratios of one gallery in a file."""
    vectors = unit_vectors(templates, dimensions, seed=0)
    begun = time.perf_counter()
    gallery = enrol_all(place / "gallery.db", vectors)
    built = time.perf_counter() - begun
    probes = noisy(vectors[:: max(1, templates // BATCH)][:BATCH], seed=1).astype(np.float64)
    gallery.search(probes[:1])
    return {
        "templates": templates,
        "dimensions": dimensions,
        "build_s": built,
        "file_mb": (place / "gallery.db").stat().st_size / 2**20,
        **_search(gallery, vectors, probes, repeat=repeat),
        **_two_processes(gallery, place, vectors),
    }


def _search(gallery: Gallery, vectors: Any, probes: Any, *, repeat: int) -> dict[str, float]:
    """Time both by turns, so that what else the machine does meets both."""
    one, many = probes[:1], probes
    one32, many32 = one[0].astype(np.float32), many.astype(np.float32)
    ours_one, bare_one = _by_turns(
        lambda: gallery.search(one, k=5), lambda: vectors @ one32, repeat=repeat
    )
    ours_many, bare_many = _by_turns(
        lambda: gallery.search(many, k=5),
        lambda: _bare_batch(vectors, many32),
        repeat=max(3, repeat // 5),
    )
    found = [answer[0].energy for answer in gallery.search(many, k=5)]
    exact = [np.sqrt(((vectors - probe) ** 2).sum(axis=1).min()) for probe in many32]
    assert np.allclose(found, exact, atol=1e-5), "the search is not exact"
    return {
        "one_ms": 1e3 * ours_one,
        "one_numpy_ms": 1e3 * bare_one,
        "one_ratio": ours_one / bare_one,
        "batch_ms": 1e3 * ours_many,
        "batch_numpy_ms": 1e3 * bare_many,
        "batch_ratio": ours_many / bare_many,
    }


def _bare_batch(vectors: Any, probes: Any) -> None:
    """The product alone, in blocks whose result stays in memory that is at hand."""
    for start in range(0, len(vectors), 65_536):
        probes @ vectors[start : start + 65_536].T


def _by_turns(
    ours: Callable[[], Any], bare: Callable[[], Any], *, repeat: int
) -> tuple[float, float]:
    """Return the medians of both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for place, call in enumerate((ours, bare)):
            begun = time.perf_counter()
            call()
            seconds[place].append(time.perf_counter() - begun)
    return float(np.median(seconds[0])), float(np.median(seconds[1]))


def _two_processes(gallery: Gallery, place: Path, vectors: Any) -> dict[str, float]:
    script = Path(__file__).with_name("other_process.py")
    other = subprocess.Popen(
        [sys.executable, str(script), str(place / "gallery.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None and other.stdout is not None
    opened = json.loads(other.stdout.readline())["opened_s"]
    newcomer = unit_vectors(1, vectors.shape[1], seed=99)[0]

    def change(what: Callable[[], Any], *, there: bool) -> tuple[float, float, float]:
        """Return how long the change took, until it was seen, and the longest query."""
        asked = {"probe": newcomer.tolist(), "name": "Ada Lovelace", "there": there}
        other.stdin.write(json.dumps(asked) + "\n")  # type: ignore[union-attr]
        other.stdin.flush()  # type: ignore[union-attr]
        begun = time.perf_counter()
        what()
        done, now = time.perf_counter(), time.monotonic()
        answer = json.loads(other.stdout.readline())  # type: ignore[union-attr]
        return done - begun, answer["seen"] - now, answer["longest_query_s"]

    enrolled = change(
        lambda: gallery.enrol("Ada Lovelace", [template(newcomer, "the newcomer's photo")]),
        there=True,
    )
    forgotten = change(lambda: gallery.forget("Ada Lovelace"), there=False)
    other.stdin.close()
    other.wait(60)
    return {
        "open_s": opened,
        "enrol_ms": 1e3 * enrolled[0],
        "seen_ms": 1e3 * enrolled[1],
        "longest_query_ms": 1e3 * max(enrolled[2], forgotten[2]),
        "forget_s": forgotten[0],
        "unseen_ms": 1e3 * forgotten[1],
    }
