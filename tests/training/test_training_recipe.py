"""The recipe: frozen, written down whole, and refused in one sentence."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.encoders import encoder_by_name
from likeness.energies import ENERGY_NAMES
from likeness.errors import SettingError
from likeness.tasks.characters.recipe import CHARACTERS
from likeness.tasks.signatures.recipe import SIGNATURES
from likeness.training import BATCHES, PAIRS, RECIPES, TrainingRecipe
from likeness.training.recipe import _CHOICES, _RANGES

NUMBERS = sorted(_RANGES)


def test_it_is_frozen_and_compares_by_value() -> None:
    assert TrainingRecipe() == BATCHES
    assert hash(TrainingRecipe()) == hash(BATCHES)
    with pytest.raises(dataclasses.FrozenInstanceError):
        BATCHES.seed = 1  # type: ignore[misc]


def test_the_named_recipes_are_of_their_modes() -> None:
    assert RECIPES == {
        "batches": BATCHES,
        "pairs": PAIRS,
        "characters": CHARACTERS,
        "signatures": SIGNATURES,
    }
    assert {name: recipe.mode for name, recipe in RECIPES.items()} == {
        "batches": "batches",
        "pairs": "pairs",
        "characters": "batches",
        "signatures": "batches",
    }
    assert PAIRS.energy == "euclidean"


@pytest.mark.parametrize("recipe", [BATCHES, PAIRS, dataclasses.replace(PAIRS, seed=9, cover=0)])
def test_it_comes_back_from_its_json(recipe: TrainingRecipe) -> None:
    assert TrainingRecipe.from_dict(json.loads(recipe.to_json())) == recipe


def test_every_setting_is_written_down() -> None:
    names = {field.name for field in dataclasses.fields(TrainingRecipe)}
    assert set(BATCHES.as_dict()) == names
    assert BATCHES.to_json().endswith("}\n")


def test_some_settings_leave_the_others_as_they_are() -> None:
    assert TrainingRecipe.from_dict({"seed": 3}) == dataclasses.replace(BATCHES, seed=3)


def test_the_choices_are_those_the_package_offers() -> None:
    assert set(_CHOICES["energy"]) == set(ENERGY_NAMES)
    for name in _CHOICES["encoder"]:
        assert callable(encoder_by_name(name))


def test_every_number_has_a_range() -> None:
    for name, value in BATCHES.as_dict().items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert name in _RANGES


@given(name=st.sampled_from(NUMBERS), data=st.data())
def test_numbers_outside_their_range_are_refused_by_name(name: str, data: st.DataObject) -> None:
    low, high = _RANGES[name]
    outside = st.floats(max_value=low, exclude_max=True) | st.floats(
        min_value=high, exclude_min=True
    )
    value = data.draw(outside | st.just(float("nan")))
    with pytest.raises(SettingError) as refused:
        TrainingRecipe.from_dict({name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name}: expected a")
    assert f"from {low:g} to {high:g}. Received: {value!r}." in sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"learning_rate": float("nan")}, r"^learning_rate: expected a number from .* nan\.$"),
        ({"learning_rate": "fast"}, r"^learning_rate: expected a number .* Received: 'fast'\.$"),
        ({"epochs": 2.5}, r"^epochs: expected a whole number\. Received: 2\.5\.$"),
        ({"epochs": 0}, r"^epochs: expected a whole number from 1 to 10000\. Received: 0\.$"),
        ({"steps": True}, r"^steps: expected a whole number .* Received: True\.$"),
        ({"seed": None}, r"^seed: expected a whole number .* Received: None\.$"),
        ({"mirrored": 1}, r"^mirrored: expected true or false\. Received: 1\.$"),
        ({"refit": "false"}, r"^refit: expected true or false\. Received: 'false'\.$"),
        ({"mode": "pair"}, r"^mode: expected one of batches, pairs\. Received: 'pair'\.$"),
        (
            {"encoder": "vgg"},
            r"^encoder: expected one of cells, convnet, .* Received: 'vgg'\.$",
        ),
        ({"loss": "arcface"}, r"^loss: expected one of .*triplet\. Received: 'arcface'\.$"),
        ({"energy": 3}, r"^energy: expected one of cosine, .* Received: 3\.$"),
        ({"mode": "pairs"}, r"^loss: mode 'pairs' takes the contrastive loss\. .*'batches' for it"),
        ({"frame": "face"}, r"^frame: expected one of whole, ink, .* Received: 'face'\.$"),
        ({"frame": "ink_parts"}, r"^encoder, frame: .* Received: 'residual' and 'ink_parts'\.$"),
        ({"encoder": "readings"}, r"^encoder, frame: .* Received: 'readings' and 'whole'\.$"),
        ({"mode": "pairs", "loss": "contrastive", "members": 2}, r"^members: expected 1 in mode"),
        (
            {"identity_bending": 0.5},
            r"^identity_bending: expected 0 .* Received: 0\.5 with 'margin_softmax' in mode",
        ),
        (
            {"loss": "supervised_contrastive", "margin": 1.5},
            r"^margin of supervised_contrastive: expected a number from 0 to 1\. Received: 1\.5\.$",
        ),
        ({"turn_identities": True}, r"^turn_identities: expected as many rows as columns"),
        ({"head": "deep"}, r"^head: 'deep' goes with the encoder 'cells' .* Received: 'residual'"),
        (
            {"learning_speed": 1, "epoch": 2},
            r"^recipe: there is no setting 'epoch', 'learning_speed'\. The settings are .*rows, ",
        ),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        TrainingRecipe.from_dict(settings)


def test_recipes_are_read_without_keras(tmp_path: Path) -> None:
    code = (
        "import sys; from likeness import TrainingRecipe; from likeness.training import PAIRS; "
        "TrainingRecipe(seed=1); print('keras' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert result.stdout.strip() == "False"


def test_the_training_package_has_no_other_names() -> None:
    import likeness.training

    with pytest.raises(AttributeError, match="has no attribute 'fit'"):
        likeness.training.fit  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "pairs", "loss": "contrastive", "within": "name"}, "draws from all pairs"),
        ({"encoder": "convnet", "stride": 2}, "stride: expected 1 for the encoder 'convnet'"),
        ({"within": 3}, "within: expected a word"),
        ({"bent_identities": 21}, "bent_identities"),
        ({"stroke_width": 1.5}, "stroke_width"),
    ],
)
def test_what_does_not_go_with_drawings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TrainingRecipe(**settings)
