"""Print what the enrolment doctor takes and finds: ``python -m benchmarks.decisions.doctor``.

Embeddings are made up: people lie on a sphere, photos around them. Photos are noise, so only the
time of comparing them means something. The machine's own photos and network are not needed.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.evaluation.doctor import Diagnosis, PersonRisk
from likeness.evaluation.gallery_energies import GalleryEnergies
from likeness.evaluation.leaks import NearDuplicate
from likeness.images.quality import PhotoCheck

SIZE = 128
SPREAD = 0.055
"""Of a photo around its person, in each of 128 directions: two photos of one are about 0.8 apart,
two people 1.4."""


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """Embeddings of enrolled photos and of later probes, with whose they are."""

    enrolled: NDArray[np.float32]
    codes: NDArray[np.int64]
    probes: NDArray[np.float32]
    probe_codes: NDArray[np.int64]


def made_up(
    people: int, *, counts: tuple[int, ...], spread: float, seed: int, size: int = SIZE
) -> MadeUp:
    """Return a gallery; person i has ``counts[i % len(counts)]`` photos, and 20 probes."""
    rng = np.random.default_rng(seed)
    centres = _unit(rng.normal(size=(people, size)))
    # Some people vary more than others: glasses, beards, moods.
    spreads = spread * rng.uniform(0.6, 1.5, people)

    def photos(codes: NDArray[np.int64]) -> NDArray[np.float32]:
        noise = rng.normal(size=(len(codes), size)) * spreads[codes, None]
        return _unit(centres[codes] + noise).astype(np.float32)

    codes = np.repeat(np.arange(people), [counts[i % len(counts)] for i in range(people)])
    probe_codes = np.repeat(np.arange(people), 20)
    return MadeUp(
        enrolled=photos(codes), codes=codes, probes=photos(probe_codes), probe_codes=probe_codes
    )


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def print_times(people: int, photos_each: int, seed: int) -> None:
    """Print the seconds of each step once the photos are embedded."""
    made = made_up(people, counts=(photos_each,), spread=SPREAD, seed=seed)
    items = np.random.default_rng(seed).integers(0, 256, (len(made.codes), 112, 92, 1), np.uint8)
    data = Dataset(items, [f"p{code}" for code in made.codes])
    checks = [PhotoCheck.of(item) for item in items]
    print(f"{people} people × {photos_each} photos, {SIZE} numbers each; seconds:\n")
    steps = {
        "energies": lambda: energy_matrix("euclidean", made.enrolled),
        "copies": lambda: NearDuplicate.find(items),
    }
    results = {}
    for name, step in steps.items():
        start = time.perf_counter()
        results[name] = step()
        print(f"  {name:<28}{time.perf_counter() - start:6.2f}")
    gallery = GalleryEnergies(matrix=results["energies"], codes=made.codes)
    for name, find in (
        ("wrong names", GalleryEnergies.misplaced_photos),
        ("look-alikes", GalleryEnergies.look_alikes),
        ("risks and gains", PersonRisk.of_everybody),
    ):
        start = time.perf_counter()
        find(gallery, threshold=0.9)
        print(f"  {name:<28}{time.perf_counter() - start:6.2f}")
    start = time.perf_counter()
    matrix = energy_matrix("euclidean", made.enrolled)
    Diagnosis.of(data, checks, matrix=matrix, threshold=0.9).to_json()
    print(f"  {'all of it, once embedded':<28}{time.perf_counter() - start:6.2f}\n")


def print_risks(galleries: int, seed: int, *, people: int = 200) -> None:
    """Print predicted errors beside those of later probes, and what the asking order gains."""
    print(f"{people} people with 1, 2, 3 and 5 photos; 20 later probes of each; means:\n")
    print(
        "  spread   predicted   happened   gain of a tenth asked: by gain   fewest photos   random"
    )
    for spread in (0.09, 0.12, 0.15):
        rows = [_risk_row(spread, seed + place, people) for place in range(galleries)]
        predicted, happened, best, fewest, chance = np.mean(rows, axis=0)
        print(
            f"  {spread:5.2f}   {100 * predicted:7.2f} %  {100 * happened:7.2f} %  "
            f"{100 * best:26.2f} %  {100 * fewest:11.2f} %  {100 * chance:6.2f} %"
        )


def _risk_row(spread: float, seed: int, people: int) -> tuple[float, float, float, float, float]:
    made = made_up(people, counts=(1, 2, 3, 5), spread=spread, seed=seed, size=32)
    extra = np.flatnonzero(np.arange(len(made.probe_codes)) % 20 == 0)
    later = np.setdiff1d(np.arange(len(made.probe_codes)), extra)
    matrix = energy_matrix("euclidean", made.enrolled)
    risks = PersonRisk.of_everybody(
        GalleryEnergies(matrix=matrix, codes=made.codes), threshold=None
    )
    asked = np.array([risk.person for risk in risks])
    by_count = np.argsort(np.bincount(made.codes), kind="stable")
    chance = np.random.default_rng(seed).permutation(people)

    def errors(more: NDArray[np.int64]) -> float:
        enrolled = np.concatenate([made.enrolled, made.probes[extra[more]]])
        codes = np.concatenate([made.codes, more])
        nearest = energy_matrix("euclidean", made.probes[later], enrolled).argmin(axis=1)
        return float((codes[nearest] != made.probe_codes[later]).mean())

    before = errors(np.array([], np.int64))
    gains = [before - errors(order[: people // 10]) for order in (asked, by_count, chance)]
    return (float(np.mean([risk.error for risk in risks])), before, *gains)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--photos-each", type=int, default=3)
    parser.add_argument("--galleries", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print_times(chosen.people, chosen.photos_each, chosen.seed)
    print_risks(chosen.galleries, chosen.seed)


if __name__ == "__main__":
    main()
