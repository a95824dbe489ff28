"""What a card lists as name and fact, the same in Markdown and on the page."""

from collections.abc import Mapping
from typing import Any

Rows = list[tuple[str, Any]]


def card_facts(card: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the facts of a card in words, in four tables: model, data, training, threshold.

    Args:
        card: of `model_card`.
    """
    tracking = "sequences" in card["data"]
    tables = {
        "model": _head(card),
        "data": _sequences(card) if tracking else _data(card),
        "training": _tracker(card["training"])
        if tracking
        else _training(card["training"], texts="pairs" in card["data"]),
        "threshold": _threshold(card["threshold"], gallery=not tracking),
    }
    return {
        table: {name: "not known" if fact is None else str(fact) for name, fact in rows}
        for table, rows in tables.items()
    }


def _head(card: Mapping[str, Any]) -> Rows:
    return [
        ("Fingerprint", card["fingerprint"]),
        ("Made", card["created"]),
        ("likeness", card["likeness"]),
        ("Licence of the model", card["licence"]["model"] or "none was stated"),
    ]


def _data(card: Mapping[str, Any]) -> Rows:
    data = card["data"]
    digest = ("Digest (SHA-256)", data["digest"])
    rows = [("Name", data["name"]), ("Licence and credit", card["licence"]["data"])]
    if "pairs" in data:
        counts = [(name.capitalize(), _number(data[name])) for name in ("pairs", "sentences")]
        return [*rows, *counts, digest]
    return [
        *rows,
        ("People", _number(data["people"])),
        ("Photos", _number(data["photos"])),
        digest,
        ("Photos are", "drawn, not real" if data["drawn"] else "as they were given"),
    ]


def _training(training: Mapping[str, Any], *, texts: bool) -> Rows:
    rows, columns, channels = training["reads"]
    colour = "grey" if channels == 1 else "colour"
    held_out = f"{training['held_out_people']} people, to choose the epoch and the threshold"
    photos_only = {"Mode", "Reads", "Held out", "Then learned from everybody"}
    rows_of_all: Rows = [
        ("Mode", training["mode"]),
        ("Loss", training["loss"]),
        ("Encoder", training["encoder"]),
        ("Weights", _number(training["parameters"])),
        ("Reads", None if rows is None else f"{rows} × {columns} pixels, {colour}"),
        ("Embedding", _number(training["embedding_size"])),
        ("Energy (lower is more alike)", training["energy"]),
        ("Epochs", _number(training["epochs"])),
        ("Held out", held_out if training["held_out_people"] else "nobody"),
        ("Then learned from everybody", "yes" if training["refitted_on_everybody"] else "no"),
        ("Seed", training["seed"]),
        ("Seconds", training["seconds"]),
    ]
    return [(name, fact) for name, fact in rows_of_all if not (texts and name in photos_only)]


def _sequences(card: Mapping[str, Any]) -> Rows:
    data, things = card["data"], card["data"]["things"]
    pasted = None
    if things is not None:
        counts = [_number(things[name]) for name in ("pictures", "identities")]
        pasted = f"{counts[0]} of {counts[1]} identities ({things['name']})"
    return [
        ("Name", data["name"]),
        ("Licence and credit", card["licence"]["data"]),
        ("Sequences", _number(data["sequences"])),
        ("Frames", _number(data["frames"])),
        ("Frames learned from", _number(data["frames_learned"])),
        ("Pictures pasted in", pasted or "none"),
        ("Frames are", "drawn, not real" if data["drawn"] else "as they were given"),
    ]


def _tracker(training: Mapping[str, Any]) -> Rows:
    reads = training["reads"]
    sides = [f"{reads[name]} × {reads[name]}" for name in ("template", "search")]
    held_out = training["held_out_frames"]
    settings = ", ".join(
        f"{name.replace('_', ' ')} {_number(value)}" for name, value in training["tracker"].items()
    )
    return [
        ("Encoder", training["encoder"]),
        ("Loss", training["loss"]),
        ("Weights", _number(training["parameters"])),
        *(
            (f"Bytes ({name})", _number(size))
            for name, size in training["bytes"].items()
            if size is not None
        ),
        ("Reads", f"a target in {sides[0]} pixels, looked for in {sides[1]}, colour"),
        ("Energy (lower is more alike)", training["energy"]),
        ("Steps", _number(training["steps"])),
        ("Held out", f"{_number(held_out)} frames, to choose settings" if held_out else "nothing"),
        ("Searches with", settings or None),
        ("Seed", training["seed"]),
        ("Seconds", training["seconds"]),
    ]


def _threshold(threshold: Mapping[str, Any], *, gallery: bool) -> Rows:
    valid = threshold["valid_for"] or {}
    sizes = ("Valid for a gallery of", _number(valid.get("people")) or "no size is known")
    return [
        ("Accepts if the energy is at most", _number(threshold["value"]) or "no threshold"),
        ("From", threshold["source"] or "nothing"),
        *([sizes] if gallery else []),
        *(
            (f"Evidence: {name.replace('_', ' ')}", _number(fact))
            for name, fact in threshold["evidence"].items()
        ),
        ("Date", threshold["date"]),
    ]


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else value
