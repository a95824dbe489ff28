"""``python -m benchmarks.service --model MODEL``: the service under load, beside the bare loop."""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.service.load import Loaded, Mix, Photos, load, lost
from benchmarks.service.people import fresh_photos, make_gallery
from benchmarks.service.server import admin_key, free_port, running, start
from likeness import datasets
from likeness.arrays import Images
from likeness.model.opening import open_model
from likeness.recogniser import Recogniser
from likeness.recogniser.gallery import open_gallery

WARM_UP = 1 / 4
"""Share of the time after which memory should be flat."""


def main() -> None:
    """Measure, print, and write."""
    asked = _arguments().parse_args()
    photos = datasets.att().items if asked.photos == "att" else datasets.drawn_faces().items
    with tempfile.TemporaryDirectory(dir=asked.scratch) as place:
        document = measure(
            Path(place), asked.model, photos, people=asked.people, clients=asked.clients,
            seconds=asked.seconds, kills=asked.kills, seed=asked.seed,
        )  # fmt: skip
    text = markdown(document)
    print(text)
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "results.md").write_text(text, encoding="utf-8")
        (asked.out / "results.json").write_text(json.dumps(document, indent=2) + "\n")


def measure(
    place: Path,
    model: Path,
    photos: Images,
    *,
    people: int,
    clients: int,
    seconds: float,
    kills: int,
    seed: int,
    mix: Mix | None = None,
) -> dict[str, Any]:
    """Return the figures of one gallery under load.

    Args:
        place: an empty folder.
        model: folder of a model with a threshold.
        photos: to be enrolled and asked about, with noise on them.
        people: in the gallery at the start.
        clients: at the same time.
        seconds: of the load.
        kills: how often the service is killed under it.
        seed: of photos and of the moments of killing.
        mix: what the clients ask.
    """
    mix = mix or Mix()
    gallery = place / "gallery.db"
    make_gallery(gallery, open_model(model), photos, people=people)
    key = admin_key(gallery)
    pile = fresh_photos(photos, seed=seed)
    probes = list(islice(pile, 500))
    # Made beforehand: what it costs to make them is not the service's.
    newcomers = iter(list(islice(pile, int((seconds + 30 * kills) * 500 * mix.enrol) + 100)))
    sent = Photos(probes=cycle(probes), newcomers=newcomers)
    before = bare_loop(model, gallery, probes)
    with running(model, gallery, log=place / "log") as server:
        done = asyncio.run(
            load(server, key=key, photos=sent, clients=clients, seconds=seconds, mix=mix)
        )
        ready = server.ready_s
    after = bare_loop(model, gallery, probes)
    figures = _figures(done, lost(gallery, done.ledger), bare=(before + after) / 2)
    rng = np.random.default_rng(seed)
    killed = [
        _killed(place, model, key, photos=sent, clients=clients, mix=mix, moment=moment)
        for moment in rng.uniform(2, max(3, seconds / 6), kills)
    ]
    return {
        "people": people,
        "clients": clients,
        "enrol_share": mix.enrol,
        "delete_share": mix.delete,
        "ready_s": ready,
        **figures,
        "kills": killed,
        "check": _check(gallery),
    }


def bare_loop(model: Path, gallery: Path, photos: list[bytes]) -> float:
    """Return photos a second of the recogniser alone, one after another in this process."""
    with open_gallery(gallery) as opened:
        recogniser = Recogniser(model=open_model(model), gallery=opened)
        recogniser.identify(photos[0])
        begun = time.perf_counter()
        for photo in photos:
            recogniser.identify(photo)
        return len(photos) / (time.perf_counter() - begun)


def _killed(
    place: Path, model: Path, key: str, *, photos: Photos, clients: int, mix: Mix, moment: float
) -> dict[str, Any]:
    """Kill the service under load, and look what is there when it has started again."""
    gallery = place / "gallery.db"
    port = free_port()
    server = start(model, gallery, port=port, log=place / "log")
    # More changes than usual: they are what can be lost.
    busy = Mix(enrol=10 * mix.enrol, delete=5 * mix.delete)
    done = asyncio.run(
        load(
            server, key=key, photos=photos, clients=clients, seconds=moment + 30, mix=busy,
            kill_after=moment,
        )
    )  # fmt: skip
    again = start(model, gallery, port=port, log=place / "log")
    again.stop()
    return {
        "after_s": moment,
        "acknowledged": done.ledger.done["enrol"] + done.ledger.done["delete"],
        "lost": lost(gallery, done.ledger),
        "ready_again_s": again.ready_s,
    }


def _figures(done: Loaded, lost_changes: list[str], *, bare: float) -> dict[str, Any]:
    ledger = done.ledger
    flat = [mb for gone, mb in done.memory_mb if gone >= WARM_UP * done.seconds]
    middle = float(np.median(flat))
    rate = sum(ledger.done.values()) / done.seconds
    return {
        "seconds": done.seconds,
        "requests": sum(ledger.done.values()),
        "done": dict(ledger.done),
        "busy_503": sum(n for (_, status), n in ledger.statuses.items() if status == 503),
        "errors": ledger.unasked[:20],
        "error_count": len(ledger.unasked),
        "lost": lost_changes,
        "per_second": rate,
        "bare_per_second": bare,
        "ratio": rate / bare,
        "identify_p50_ms": 1e3 * float(np.quantile(ledger.waits, 0.5)),
        "identify_p99_ms": 1e3 * float(np.quantile(ledger.waits, 0.99)),
        "memory_mb": middle,
        "memory_spread": max(max(flat) / middle - 1, 1 - min(flat) / middle),
    }


def _check(gallery: Path) -> str:
    words = [sys.executable, "-m", "likeness", "gallery", "check", str(gallery)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "clean" if done.returncode == 0 else (done.stdout + done.stderr)[-500:]


def markdown(document: dict[str, Any]) -> str:
    """Return the tables."""
    shares = f"{document['enrol_share']:.0%} enrol, {document['delete_share']:.0%} delete"
    lines = [
        f"{document['clients']} clients at once, the rest identify ({shares}), against "
        f"{document['people']:,} people; the bare loop is decode, embed and search, one photo "
        "after another, in the same run.\n",
        "| requests a second | bare loop | ratio | identify p50 ms | p99 ms | asked-for 503 "
        "| other errors | changes lost | memory MB | spread | ready after s |",
        "|" + " --- |" * 11,
        f"| {document['per_second']:.0f} | {document['bare_per_second']:.0f} "
        f"| {document['ratio']:.2f} | {document['identify_p50_ms']:.0f} "
        f"| {document['identify_p99_ms']:.0f} | {document['busy_503']} "
        f"| {document['error_count']} | {len(document['lost'])} | {document['memory_mb']:.0f} "
        f"| ±{document['memory_spread']:.1%} | {document['ready_s']:.2f} |",
    ]
    if document["kills"]:
        lines += [
            "",
            "| killed after s | acknowledged changes | lost | ready again after s |",
            "|" + " --- |" * 4,
        ]
        lines += [
            f"| {one['after_s']:.1f} | {one['acknowledged']} | {len(one['lost'])} "
            f"| {one['ready_again_s']:.2f} |"
            for one in document["kills"]
        ]
    lines += ["", f"`likeness gallery check` afterwards: {document['check']}."]
    return "\n".join(lines) + "\n"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of a calibrated model")
    parser.add_argument("--photos", choices=("att", "drawn"), default="att")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path, help="folder for the gallery while it runs")
    parser.add_argument("--out", type=Path, help="folder for results.md and results.json")
    return parser


if __name__ == "__main__":
    main()
