"""Settings: defaults, a file, the environment, options; each before the former."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from likeness.errors import SettingError
from likeness.service.settings import Settings, rate_of


def test_each_goes_before_the_former(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(
        'model = "m"\nport = 1\nhost = "::1"\ntime_limit = 3\ncut_faces = true\n'
        'cors_origins = ["https://a.example"]\n'
    )
    environment = {
        "LIKENESS_PORT": "2",
        "LIKENESS_FACES": "haar",
        "LIKENESS_CORS_ORIGINS": "https://b.example, https://c.example",
        "LIKENESS_CUT_FACES": "false",
        "LIKENESS_TLS_KEY": "",
        "LIKENESS_DATA": "somewhere",
        "PORT": "9",
    }
    found = Settings.read(
        file=file, environment=environment, options={"port": 3, "faces": None, "log": "text"}
    )
    assert (found.model, found.host, found.port, found.faces) == (Path("m"), "::1", 3, "haar")
    assert (found.time_limit, found.cut_faces, found.log) == (3.0, False, "text")
    assert found.cors_origins == ("https://b.example", "https://c.example")
    assert Settings.read() == Settings()


def test_they_are_frozen_and_careful_by_default() -> None:
    settings = Settings()
    assert (settings.host, settings.no_keys, settings.cors_origins) == ("127.0.0.1", False, ())
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "Received: prot"),
        ('port = "1"', "port: expected a whole number"),
        ("port = true", "port: expected a whole number"),
        ("cut_faces = 1", "cut_faces: expected true or false"),
        ("model = 1", "model: expected text"),
        ('cors_origins = "x"', "cors_origins: expected a list of texts"),
        ("= 1", "expected a TOML file"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text)
    with pytest.raises(SettingError, match=sentence):
        Settings.read(file=file)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--settings: expected a TOML file"):
        Settings.read(file=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "x", "LIKENESS_PORT: expected a whole number. Received: 'x'"),
        ("TIME_LIMIT", "soon", "expected a number"),
        ("NO_KEYS", "maybe", "expected true or false"),
        ("PORT", "70000", "port"),
        ("QUEUE", "0", "queue"),
        ("LOG", "xml", "log: expected json or text"),
        ("RATE_LIMIT", "many", "rate_limit: expected a rate such as"),
        ("RATE_LIMIT", "0/second", "rate_limit: expected a rate such as"),
        ("RATE_LIMIT", "5/week", "rate_limit: expected a rate such as"),
        ("CORS_ORIGINS", "*", "one by one"),
        ("TLS_KEY", "key.pem", "expected both files or none"),
    ],
)
def test_a_variable_that_does_not_fit(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        Settings.read(environment={f"LIKENESS_{name}": value})


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.1.4", False),
        ("door.example", False),
        ("::", False),
    ],
)
def test_without_keys_on_this_machine_only(host: str, local: bool) -> None:
    assert Settings(host=host).is_local is local
    if local:
        assert Settings(host=host, no_keys=True).no_keys
    else:
        with pytest.raises(SettingError, match="no_keys: expected keys where other machines"):
            Settings(host=host, no_keys=True)


def test_rates() -> None:
    assert rate_of("9/hour") == (9, 3600)
    assert rate_of("0") is None
    assert rate_of(" 100 / second ") == (100, 1)
