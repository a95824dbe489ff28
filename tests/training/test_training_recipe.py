"""The recipe: frozen, written down whole, and refused in one sentence."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.encoders import ENCODERS
from likeness.energies import ENERGY_NAMES
from likeness.errors import SettingError
from likeness.images.preparation import Preparation
from likeness.model.recipe_names import NEW_NAMES, nested_recipe
from likeness.tasks.characters.drawings import CHARACTERS
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.signatures.model import SIGNATURES
from likeness.tasks.tracking.pairs import TrackingRecipe
from likeness.training import BATCHES, PAIRS, TrainingRecipe
from likeness.training.recipe import AugmentationSettings
from likeness.training.settings import SettingGroup

NAMED = {"batches": BATCHES, "pairs": PAIRS, "characters": CHARACTERS, "signatures": SIGNATURES}


def ranges(recipe: SettingGroup) -> dict[str, tuple[float, float]]:
    """Every number of a recipe, by full name, with its range."""
    found = {}
    for setting in dataclasses.fields(recipe):
        value = getattr(recipe, setting.name)
        if isinstance(value, SettingGroup):
            found |= {f"{setting.name}.{name}": ends for name, ends in ranges(value).items()}
        elif "range" in setting.metadata:
            found[setting.name] = setting.metadata["range"]
    return found


NUMBERS = ranges(BATCHES)


def nested(name: str, value: Any) -> dict[str, Any]:
    """One setting by its full name, as a recipe's mapping has it."""
    first, dot, second = name.partition(".")
    return {first: {second: value}} if dot else {first: value}


def test_it_is_frozen_and_compares_by_value() -> None:
    assert TrainingRecipe() == BATCHES
    assert hash(TrainingRecipe()) == hash(BATCHES)
    with pytest.raises(dataclasses.FrozenInstanceError):
        BATCHES.seed = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        BATCHES.schedule.epochs = 1  # type: ignore[misc]


def test_it_can_be_read() -> None:
    """Few settings at the top, and few in each group."""
    assert len(dataclasses.fields(BATCHES)) <= 12
    for name in BATCHES.as_dict():
        group = getattr(BATCHES, name)
        if dataclasses.is_dataclass(group):
            assert len(dataclasses.fields(group)) <= 12
        if isinstance(group, SettingGroup):
            assert group.group == name


def test_the_named_recipes_are_of_their_modes() -> None:
    assert {name: TrainingRecipe.named(name) for name in TrainingRecipe.names()} == NAMED
    assert [
        name for name in TrainingRecipe.names() if TrainingRecipe.named(name).mode == "pairs"
    ] == ["pairs"]
    assert PAIRS.energy == "euclidean"
    with pytest.raises(SettingError, match=r"^mode: expected one of batches, pairs, .*'lab'\.$"):
        TrainingRecipe.named("lab")


@pytest.mark.parametrize(
    "recipe",
    [
        *NAMED.values(),
        PAIRS.replace(seed=9, augmentation={"erasing": 0}),
        SimilarityRecipe(epochs=3),
        TrackingRecipe(blur=0.5),
    ],
)
def test_it_comes_back_from_its_json(recipe: SettingGroup) -> None:
    assert type(recipe).from_dict(json.loads(recipe.to_json())) == recipe


def test_every_setting_is_written_down() -> None:
    written = BATCHES.as_dict()
    assert set(written) == {field.name for field in dataclasses.fields(TrainingRecipe)}
    assert written["augmentation"]["erasing"] == 0.5
    assert BATCHES.to_json().endswith("}\n")
    for name in BATCHES.full_names():
        first, dot, second = name.partition(".")
        assert second in written[first] if dot else first in written


def test_some_settings_leave_the_others_as_they_are() -> None:
    assert TrainingRecipe.from_dict({"seed": 3}) == dataclasses.replace(BATCHES, seed=3)
    recipe = TrainingRecipe.from_dict({"schedule": {"epochs": 2}})
    assert recipe.schedule == dataclasses.replace(BATCHES.schedule, epochs=2)
    assert recipe == BATCHES.replace(schedule={"epochs": 2})
    assert BATCHES.replace(augmentation=AugmentationSettings()) == BATCHES


def test_a_recipe_takes_the_numbers_that_numpy_gives() -> None:
    import numpy as np

    recipe = BATCHES.replace(schedule={"epochs": np.int64(2)}, preparation={"rows": np.int64(32)})
    assert json.loads(recipe.to_json())["preparation"]["rows"] == 32


def test_the_choices_are_those_the_package_offers() -> None:
    options = {field.name: field.metadata.get("options") for field in dataclasses.fields(BATCHES)}
    assert set(options["energy"]) == set(ENERGY_NAMES)
    kinds = next(f for f in dataclasses.fields(BATCHES.encoder) if f.name == "kind")
    assert set(kinds.metadata["options"]) == set(ENCODERS)


@pytest.mark.parametrize("recipe", [BATCHES, SimilarityRecipe(), TrackingRecipe()])
def test_every_number_has_a_range(recipe: SettingGroup) -> None:
    for name in recipe.full_names():
        first, _, second = name.partition(".")
        value = getattr(recipe, first)
        value = getattr(value, second) if second else value
        if isinstance(value, int | float) and not isinstance(value, bool | Preparation):
            assert name in ranges(recipe) or name.startswith("preparation.")


@given(name=st.sampled_from(sorted(NUMBERS)), data=st.data())
def test_numbers_outside_their_range_are_refused_by_name(name: str, data: st.DataObject) -> None:
    low, high = NUMBERS[name]
    outside = st.floats(max_value=low, exclude_max=True) | st.floats(
        min_value=high, exclude_min=True
    )
    value = data.draw(outside | st.just(float("nan")))
    with pytest.raises(SettingError) as refused:
        TrainingRecipe.from_dict(nested(name, value))
    sentence = str(refused.value)
    assert sentence.startswith(f"{name}: expected a")
    assert f"from {low:g} to {high:g}. Received: {value!r}." in sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"augmentation": {"erasing": 2.0}},
            r"^augmentation\.erasing: expected a number from 0 to 1\. Received: 2\.0\.$",
        ),
        (
            {"schedule": {"learning_rate": float("nan")}},
            r"^schedule\.learning_rate: expected a number from .* nan\.$",
        ),
        (
            {"schedule": {"learning_rate": "fast"}},
            r"^schedule\.learning_rate: expected a number .* Received: 'fast'\.$",
        ),
        (
            {"schedule": {"epochs": 2.5}},
            r"^schedule\.epochs: expected a whole number\. Received: 2\.5\.$",
        ),
        (
            {"schedule": {"epochs": 0}},
            r"^schedule\.epochs: expected a whole number from 1 to 10000\. Received: 0\.$",
        ),
        (
            {"schedule": {"steps": True}},
            r"^schedule\.steps: expected a whole number .* Received: True\.$",
        ),
        ({"seed": None}, r"^seed: expected a whole number .* Received: None\.$"),
        ({"views": {"mirrored": 1}}, r"^views\.mirrored: expected true or false\. Received: 1\.$"),
        (
            {"schedule": {"refit": "false"}},
            r"^schedule\.refit: expected true or false\. Received: 'false'\.$",
        ),
        ({"sampling": {"within": 3}}, r"^sampling\.within: expected a word\. Received: 3\.$"),
        ({"sampling": {"elastic_identities": 21}}, r"^sampling\.elastic_identities: expected a"),
        ({"augmentation": {"stroke_jitter": 1.5}}, r"^augmentation\.stroke_jitter: expected a"),
        ({"preparation": {"rows": 4}}, r"^preparation\.rows: expected a whole number from 8"),
        ({"preparation": {"channels": 2}}, r"^preparation\.channels: expected 1 \(grey\) or 3"),
        ({"schedule": 3}, r"^schedule: expected a group of settings\. Received: 3\.$"),
        ({"mode": "pair"}, r"^mode: expected one of batches, pairs\. Received: 'pair'\.$"),
        (
            {"encoder": {"kind": "vgg"}},
            r"^encoder\.kind: expected one of cells, convnet, .* Received: 'vgg'\.$",
        ),
        (
            {"loss": {"kind": "arcface"}},
            r"^loss\.kind: expected one of .*triplet\. Received: 'arcface'\.$",
        ),
        ({"energy": 3}, r"^energy: expected one of cosine, .* Received: 3\.$"),
        (
            {"mode": "pairs"},
            r"^loss\.kind: mode 'pairs' takes the contrastive loss\. .*'batches' for it",
        ),
        (
            {"preparation": {"frame": "face"}},
            r"^preparation\.frame: expected one of whole, ink, .* Received: 'face'\.$",
        ),
        (
            {"preparation": {"frame": "ink_parts"}},
            r"^encoder\.kind, preparation\.frame: .* Received: 'residual' and 'ink_parts'\.$",
        ),
        (
            {"encoder": {"kind": "readings"}},
            r"^encoder\.kind, preparation\.frame: .* Received: 'readings' and 'whole'\.$",
        ),
        (
            {"mode": "pairs", "loss": {"kind": "contrastive"}, "encoder": {"ensemble_size": 2}},
            r"^encoder\.ensemble_size: expected 1 in mode",
        ),
        (
            {"mode": "pairs", "loss": {"kind": "contrastive"}, "sampling": {"within": "name"}},
            r"^sampling\.within, sampling\.across: mode 'pairs' draws from all pairs",
        ),
        (
            {"encoder": {"kind": "convnet", "stride": 2}},
            r"^encoder\.stride: expected 1 for the encoder 'convnet'",
        ),
        (
            {"augmentation": {"identity_elastic": 0.5}},
            r"^augmentation\.identity_elastic: expected 0 .* Received: 0\.5 with 'margin_softmax'",
        ),
        (
            {"loss": {"kind": "supervised_contrastive", "margin": 1.5}},
            r"^loss\.margin of supervised_contrastive: expected a number from 0 to 1\. .* 1\.5\.$",
        ),
        (
            {"sampling": {"turn_identities": True}},
            r"^sampling\.turn_identities: expected as many rows as columns",
        ),
        (
            {"encoder": {"projection_head": True}},
            r"^encoder\.projection_head: goes with the encoder 'cells' .* Received: 'residual'",
        ),
        (
            {"schedule": {"epoch": 2}},
            r"^recipe: there is no setting 'schedule\.epoch'\. Did you mean schedule\.epochs\?$",
        ),
        (
            {"preparation": {"row": 2}},
            r"^recipe: there is no setting 'preparation\.row'\. Did you mean preparation\.rows\?$",
        ),
        (
            {"zzz": 1},
            r"^recipe: there is no setting 'zzz'\. The settings are mode, .*\.refit, seed\.$",
        ),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        TrainingRecipe.from_dict(settings)


class TestOlderNames:
    """Recipes were flat once; what was written then is read through one table."""

    FLAT: ClassVar = {
        "encoder": "cells",
        "head": "deep",
        "loss": "triplet",
        "light": 0.25,
        "cover": 0.1,
        "bending": 0.5,
        "members": 2,
        "rows": 32,
        "columns": 32,
        "seed": 4,
    }

    def test_a_flat_recipe_is_read(self) -> None:
        recipe = TrainingRecipe.from_dict(self.FLAT)
        assert recipe == BATCHES.replace(
            encoder={"kind": "cells", "projection_head": True, "ensemble_size": 2},
            loss={"kind": "triplet"},
            augmentation={"brightness_contrast": 0.25, "erasing": 0.1, "elastic": 0.5},
            preparation={"rows": 32, "columns": 32, "version": 1},
            seed=4,
        )

    def test_every_old_name_leads_to_a_setting(self) -> None:
        newer = {"mode", "energy", "seed", "preparation.version"}
        assert set(NEW_NAMES.values()) | newer == set(BATCHES.full_names())
        for kind in (SimilarityRecipe, TrackingRecipe):
            assert {new for new in kind.old_names.values() if new} <= set(kind.full_names())

    def test_what_is_nested_stays(self) -> None:
        for recipe in NAMED.values():
            assert nested_recipe(recipe.as_dict()) == recipe.as_dict()

    @pytest.mark.parametrize(
        ("flat", "kind"),
        [
            ({"whitening": False}, "none"),
            ({"whitening": True}, "spread"),
            ({"whitening": False, "evens_out": "within"}, "none"),
            ({"evens_out": "within", "whitening": True}, "within_class"),
            ({"evens_out": "within"}, "within_class"),
        ],
    )
    def test_two_settings_of_whitening_became_one(self, flat: dict[str, Any], kind: str) -> None:
        assert TrainingRecipe.from_dict(flat).whitening.kind == kind

    @pytest.mark.parametrize(("hardness", "temperature"), [(10.0, 0.1), (0.0, 1e6), (2, 0.5)])
    def test_hardness_became_a_temperature(self, hardness: float, temperature: float) -> None:
        recipe = TrainingRecipe.from_dict({"hardness": hardness})
        assert recipe.sampling.hard_pair_temperature == temperature

    def test_a_value_that_never_fitted_is_refused_by_its_name_of_today(self) -> None:
        with pytest.raises(SettingError, match=r"^augmentation\.erasing: .* Received: 2\.$"):
            TrainingRecipe.from_dict({"cover": 2})
        with pytest.raises(SettingError, match=r"^encoder\.projection_head: .*'sideways'\.$"):
            TrainingRecipe.from_dict({"head": "sideways"})

    def test_those_of_sentences_and_of_trackers(self) -> None:
        old = {"encoder": "bag_of_pieces", "hidden": 0.25, "loss": "contrastive"}
        assert SimilarityRecipe.from_dict(old) == SimilarityRecipe(
            piece_dropout=0.25, loss="contrastive"
        )
        assert TrackingRecipe.from_dict({"light": 0.5}) == TrackingRecipe(brightness_contrast=0.5)


def test_no_two_random_things_share_a_seed() -> None:
    """The twenty times that people may be distorted among them, whatever the seed."""
    names = (
        "initial weights",
        "augmentation",
        "class directions",
        "elastic distortion",
        "stroke jitter",
        "projection head",
    )
    seeds = [TrainingRecipe(seed=7).seed_of(name) for name in names]
    seeds += [TrainingRecipe(seed=7).seed_of("elastic identities", index) for index in range(20)]
    assert len(set(seeds)) == len(seeds)
    members = [TrainingRecipe(seed=7).member(index).seed for index in range(50)]
    assert min(abs(a - b) for a in members for b in members if a != b) > max(seeds) - 7
    assert members[0] == 7
    with pytest.raises(KeyError):
        TrainingRecipe(seed=7).seed_of("weather")


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
