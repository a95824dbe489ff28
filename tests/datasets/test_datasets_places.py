"""Where data may lie."""

from pathlib import Path

import pytest

from likeness.datasets.download import cache_place, data_place


def test_an_unset_or_empty_variable_is_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIKENESS_DATA", raising=False)
    assert data_place() is None
    monkeypatch.setenv("LIKENESS_DATA", "")
    assert data_place() is None


def test_a_home_sign_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIKENESS_DATA", "~/data")
    monkeypatch.setenv("LIKENESS_CACHE", "~/cache")
    assert data_place() == Path.home() / "data"
    assert cache_place() == Path.home() / "cache"


def test_the_user_s_cache_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIKENESS_CACHE", raising=False)
    place = cache_place()
    assert place.is_absolute() and "likeness" in place.parts
