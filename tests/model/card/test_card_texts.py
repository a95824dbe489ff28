"""The card of a model of texts: pairs and sentences, and not a word of faces."""

from typing import Any

import pytest

from likeness.model.card import card_files, card_markdown, model_card


@pytest.fixture
def document() -> dict[str, Any]:
    chosen = {"threshold": 0.4, "people": [], "genuine_pairs": 7, "impostor_pairs": 9}
    return {
        "format": "likeness.model/3",
        "fingerprint": "f" * 64,
        "preparation": {"kind": "text", "buckets": 512, "shortest": 2, "longest": 4},
        "energy": "cosine",
        "threshold": 0.4,
        "embedding_size": 64,
        "parameters": 1000,
        "record": {
            "recipe": {"encoder": "bag_of_pieces", "loss": "correlation", "seed": 1},
            "data": {"name": "pairs", "licence": "CC", "digest": "d", "pairs": 50, "sentences": 90},
            "chosen_on": {"name": "dev"},
            "similarity": {"spearman": 0.8, "spearman_interval": [0.7, 0.9], "pairs": 20},
            "threshold": {**chosen, "genuine_from": 4.0, "impostor_to": 2.0},
            "histories": {"choosing": {}},
        },
    }


def test_what_it_says(document: dict[str, Any]) -> None:
    card = model_card(document)
    facts = card.tables
    assert facts["data"]["Pairs"] == "50" and facts["data"]["Sentences"] == "90"
    assert not {"Photos", "People", "Photos are"} & set(facts["data"])
    assert not {"Reads", "Held out", "Mode"} & set(facts["training"])
    assert card.threshold.source == "pairs held out of training"
    assert "7 pairs with a score of 4.0 or more against 9" in card.threshold.sentences[0]
    text = card_markdown(card)
    assert "Spearman's ρ is 0.800 (0.700 to 0.900) on 20 pairs of dev" in text
    for word in ("photo", "face", "biometric", "liveness", "camera", "calibrate"):
        assert word not in text.lower().replace("likeness", ""), word


def test_no_threshold_and_one_set_by_hand(document: dict[str, Any]) -> None:
    document["threshold"] = 0.9
    assert "set by hand" in model_card(document).threshold.sentences[0]
    document["threshold"] = None
    assert "There is no threshold" in model_card(document).threshold.sentences[0]


@pytest.mark.parametrize("record", [{}, {"similarity": 3, "data": "x", "threshold": []}])
def test_nothing_in_a_record_makes_it_fail(document: dict[str, Any], record: Any) -> None:
    files = card_files({**document, "record": record})
    assert "Nothing was measured" in files["card.md"]
