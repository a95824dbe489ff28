"""How figures are called and written."""

import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.evaluation.figures import (
    DRAWN_MARK,
    LEAK_MARK,
    FigureName,
    Interval,
    method_label,
    percent,
    watermark,
)
from likeness.evaluation.results import ProtocolResult

from .conftest import figure

read = ProtocolResult.from_json


@pytest.mark.parametrize(
    ("name", "label", "smaller"),
    [
        ("auc", "AUC", False),
        ("eer", "EER", True),
        ("accuracy", "accuracy", False),
        ("rank_1", "rank-1", False),
        ("tar_at_far_1e-2", "TAR @ FAR 1 %", False),
        ("tar_at_far_1e-3", "TAR @ FAR 0.1 %", False),
        ("one_shot_10way", "10-way one-shot", False),
        ("one_shot_40way", "40-way one-shot", False),
        ("frr", "FRR", True),
        ("far", "FAR", True),
        ("fmr", "FMR", True),
        ("fnmr", "FNMR", True),
        ("fta", "FTA", True),
        ("fpir", "FPIR", True),
        ("fnir", "FNIR", True),
        ("dir_at_fpir_5e-2", "DIR @ FPIR 5 %", False),
        ("dir_at_fpir_1e-1", "DIR @ FPIR 10 %", False),
        ("open_set_error", "open set error", True),
        ("something_new", "something new", False),
    ],
)
def test_labels_and_directions(name, label, smaller):
    known = FigureName.from_json(name)
    assert known == name
    assert (known.label, known.smaller_is_better) == (label, smaller)


@given(st.integers(1, 10**6), st.integers(1, 9), st.integers(1, 9))
def test_a_name_keeps_its_kind_and_parameter_through_json(ways, digit, power):
    for name in (
        FigureName("one_shot", ways),
        FigureName("tar_at_far", float(f"{digit}e-{power}")),
        FigureName("dir_at_fpir", float(f"{digit}e-{power}")),
    ):
        key = str(json.loads(json.dumps(name)))
        known = FigureName.from_json(key)
        assert (known, known.kind, known.at) == (name, name.kind, name.at)
        copied = pickle.loads(pickle.dumps(name))  # noqa: S301  of this very test
        assert (copied, copied.kind, copied.at) == (name, name.kind, name.at)


@pytest.mark.parametrize("key", ["one_shot_way", "tar_at_far_", "one_shot_1e2way", "one_shot_x"])
def test_what_only_begins_like_a_name_is_a_kind_of_its_own(key):
    known = FigureName.from_json(key)
    assert (known, known.kind, known.at) == (key, key, None)
    assert known.label == key.replace("_", " ")


def test_columns_are_in_the_field_s_order_whatever_the_document_s(unseen):
    unseen["figures"] = dict(sorted(unseen["figures"].items(), reverse=True))
    unseen["figures"]["rank_1"] = figure(1.0)
    unseen["figures"]["zebra"] = figure(1.0)
    unseen["baselines"]["raw_pixels"]["one_shot_5way"] = figure(1.0)
    assert read(unseen).figure_names == [
        "auc",
        "eer",
        "tar_at_far_1e-2",
        "accuracy",
        "one_shot_5way",
        "one_shot_10way",
        "rank_1",
        "zebra",
    ]


def test_the_network_is_the_first_method(unseen):
    assert list(read(unseen).methods) == [
        "network",
        "raw_pixels",
        "fisherfaces",
    ]
    assert method_label("local_binary_patterns") == "local binary patterns"


def test_rates_at_other_rates_stand_in_the_order_of_their_size(evaluated):
    assert read(evaluated).open_set.measured.figure_names == [
        "fpir",
        "fnir",
        "dir_at_fpir_5e-2",
        "dir_at_fpir_1e-1",
    ]


def test_one_rate_that_is_had_for_another_is_not_compared():
    exchanged = ("far", "frr", "fpir", "fnir", "fmr", "fnmr", "fta")
    assert not any(FigureName.from_json(name).compared for name in exchanged)
    assert all(FigureName.from_json(name).compared for name in ("eer", "auc", "dir_at_fpir_5e-2"))


def test_a_grouping_has_the_figures_of_any_of_its_groups(evaluated):
    (grouping,) = read(evaluated).groups
    assert grouping.figure_names == ["frr", "far", "one_shot_10way"]


def test_counted_says_how_often_was_searched(evaluated):
    said = read(evaluated).open_set.measured.counted()
    assert "200 galleries, 5 people enrolled in each, 9,000 mated searches" in said
    assert "10,000 non-mated searches, 100 different photos of strangers; seeds: halves 0" in said


@given(st.floats(0, 1))
def test_percent_is_right_to_a_twentieth_of_a_point(rate):
    written = percent(rate)
    assert written.endswith(" %")
    assert abs(float(written[:-2]) - 100 * rate) <= 0.05 + 1e-9


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_interval_fits_a_narrow_column(low, high):
    written = Interval(mean=0.5, low=low, high=high).ends()
    assert len(written) <= len("99.9–99.9")
    ends = [float(end) for end in written.split("–")]
    assert ends == pytest.approx([100 * low, 100 * high], abs=0.05 + 1e-9)


def test_counted_says_protocol_people_pairs_trials_seed_and_how_the_intervals_were_made(unseen):
    assert read(unseen).counted() == (
        "Protocol U4: 40 people, 2 folds, 1,800 genuine pairs, 18,000 impostor pairs, "
        "3,600 one-shot trials; seeds: recipe 7. Intervals: 95 %, percentile bootstrap over people."
    )


def test_counted_leaves_out_what_there_is_none_of():
    bare = ProtocolResult(
        protocol="L", title="", unseen_people=False, figures={}, counts={"folds": 1, "items": 0}
    )
    assert bare.counted() == "Protocol L: 1 fold."
    assert dataclasses.replace(bare, counts={}).counted() == "Protocol L: no counts."


@pytest.mark.parametrize(
    ("drawn", "leaks", "mark"),
    [
        (False, 0, None),
        (True, 0, DRAWN_MARK),
        (False, 1, LEAK_MARK),
        (True, 2, f"{DRAWN_MARK} · {LEAK_MARK}"),
    ],
)
def test_one_mark_says_all_that_there_is_to_warn_of(drawn, leaks, mark):
    assert watermark(drawn=drawn, leaks=leaks) == mark
