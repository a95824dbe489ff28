"""PostgreSQL with pgvector: exact search, and HNSW with its recall beside."""

import time
from typing import Any

import numpy as np

from benchmarks.gallery.people import EACH, Vectors, enrol_all, noisy, unit_vectors
from likeness.recogniser.gallery import Gallery

PROBES = 100
K = 5


def measure(where: str, *, templates: int, dimensions: int) -> list[dict[str, Any]]:
    """Return a line for exact search and one for each HNSW setting.

    Probes are of two kinds: near to somebody enrolled, and of strangers, whose nearest are all
    about equally far.
    """
    vectors = unit_vectors(templates, dimensions, seed=0)
    begun = time.perf_counter()
    gallery = enrol_all(where, vectors)
    built = time.perf_counter() - begun
    near = noisy(vectors[:: max(1, templates // PROBES)][:PROBES], seed=1)
    strangers = unit_vectors(PROBES, dimensions, seed=2)
    kinds = {
        kind: (probes.astype(np.float64), _nearest_people(vectors, probes))
        for kind, probes in (("near", near), ("strangers", strangers))
    }
    lines = [_line(gallery, "exact", kinds, approximate=None, built=built)]
    begun = time.perf_counter()
    gallery.build_index()
    built = time.perf_counter() - begun
    for ef in (40, 200, 1000):
        lines.append(_line(gallery, f"HNSW, ef {ef}", kinds, approximate=ef, built=built))
    gallery.close()
    return lines


def _line(
    gallery: Gallery,
    title: str,
    kinds: dict[str, tuple[Any, list[set[str]]]],
    *,
    approximate: int | None,
    built: float,
) -> dict[str, Any]:
    line: dict[str, Any] = {"search": title, "build_s": built}
    for kind, (probes, truth) in kinds.items():
        gallery.search(probes[:1], k=K, approximate=approximate)
        seconds, right = [], 0
        for probe, people in zip(probes, truth, strict=True):
            begun = time.perf_counter()
            (answer,) = gallery.search(probe[None], k=K, approximate=approximate)
            seconds.append(time.perf_counter() - begun)
            right += len(people & {candidate.name for candidate in answer})
        line |= {
            f"{kind}_ms": 1e3 * float(np.median(seconds)),
            f"{kind}_recall": right / (K * PROBES),
        }
    return line


def _nearest_people(vectors: Vectors, probes: Vectors) -> list[set[str]]:
    """Return the names of the K nearest people of each probe, the slow way."""
    truth = []
    for probe in probes.astype(np.float64):
        energies = ((vectors - probe) ** 2).sum(axis=1)
        people = list(dict.fromkeys((np.argsort(energies, kind="stable") // EACH).tolist()))[:K]
        truth.append({f"person {person}" for person in people})
    return truth
