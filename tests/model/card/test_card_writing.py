"""The card of a model of handwriting: writers and forgers, and not a word of faces."""

from typing import Any

from likeness.model.card import card_markdown, model_card


def test_it_speaks_of_writing(document: dict[str, Any]) -> None:
    document["preparation"]["frame"] = "ink_box"
    card = model_card(document)
    assert "Not against forgers" in card.not_for[0]
    assert card.limits[0].startswith("It was trained on 300 pictures of the writing of 30 people.")
    text = card_markdown(card).lower()
    for word in ("liveness", "face templates", "camera"):
        assert word not in text


def test_the_other_limits_stay(document: dict[str, Any]) -> None:
    photos = model_card(document)
    document["preparation"]["frame"] = "ink_box"
    assert model_card(document).limits[1:] == photos.limits[1:]
    assert photos.not_for != model_card(document).not_for


def test_unknown_counts_leave_the_limits_as_they_are(document: dict[str, Any]) -> None:
    document["record"]["data"] = {}
    photos = model_card(document)
    document["preparation"]["frame"] = "ink_box"
    assert model_card(document).limits == photos.limits


def test_drawings_in_another_frame_are_left_alone(document: dict[str, Any]) -> None:
    photos = model_card(document)
    document["preparation"]["frame"] = "ink"
    assert model_card(document) == photos
