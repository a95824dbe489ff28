"""Names of people and files are printed as they are, on every terminal."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness.cli import terminal
from likeness.cli.app import app
from likeness.errors import OutputError
from likeness.recogniser.gallery import (
    Gallery,
    GalleryModel,
    NewTemplate,
    Receipt,
    create_gallery,
    open_gallery,
)

from .conftest import ask, run

NAMES = ["[bold]Ada[/]", "[/]", "[red", "[link=file:///x]Ada[/link]", "Ada :key:", "[1;31m"]


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A gallery of people with awkward names."""
    monkeypatch.chdir(tmp_path)
    model = GalleryModel(fingerprint="0" * 64, dimensions=2, energy="euclidean")
    with create_gallery("staff.db", model) as opened:
        for number, name in enumerate([*NAMES, "Zoë"]):
            vector = np.array([1.0, number], dtype=np.float32)
            template = NewTemplate(vector=vector, photo_digest=f"{number:064x}", provenance={})
            opened.enrol(name, [template])
    return "staff.db"


class TestMarkup:
    def test_people_are_listed_by_their_own_names(
        self, gallery: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert ask("people", "list", "--gallery", gallery) == 0
        said = capsys.readouterr().out
        assert [line.split("  ")[0] for line in said.splitlines()[:-1]] == sorted([*NAMES, "Zoë"])

    @pytest.mark.parametrize("name", NAMES)
    def test_a_person_is_renamed_and_forgotten(
        self, name: str, gallery: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert ask("people", "rename", name, f"{name}2", "--gallery", gallery) == 0
        assert capsys.readouterr().out == f"{name} is now {name}2.\n"
        assert ask("forget", f"{name}2", "--gallery", gallery) == 0
        assert capsys.readouterr().out.startswith(f"Forgot {name}2: 1 template removed")

    def test_a_folder_is_described_by_its_own_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        place = Path("[bold]lab[") / "[red]Ada"
        place.mkdir(parents=True)
        Image.new("L", (46, 56)).save(place / "1.png")
        (place / "[i]empty.png").write_bytes(b"")
        assert ask("data", "folder", "[bold]lab[") == 0
        said = capsys.readouterr()
        assert said.out.startswith("[bold]lab[: 1 photos of 1 people")
        assert "[i]empty.png" in said.err

    def test_an_error_names_what_came(self, tmp_path: Path) -> None:
        result = run("data", "folder", "[bold]none[/]", cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr.startswith("likeness: [bold]none[/]: ")

    @pytest.mark.parametrize("name", NAMES)
    def test_progress_names_what_it_reads(self, name: str) -> None:
        with terminal.reading_bar(name) as tell:
            tell(1, 2)
        with terminal.training_bars() as bars:
            bars.tell(0, name, None)


class TestEncoding:
    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
    def test_a_name_that_the_terminal_lacks_is_escaped(self, encoding: str, tmp_path: Path) -> None:
        place = tmp_path / "lab" / "山田"
        place.mkdir(parents=True)
        Image.new("L", (46, 56)).save(place / "1.png")
        (place / "空.png").write_bytes(b"")
        result = subprocess.run(
            [sys.executable, "-m", "likeness", "data", "folder", "lab"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "COLUMNS": "200"},
            capture_output=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert b"Traceback" not in result.stderr
        assert b"\\u7a7a.png" in result.stderr
        assert b"1 photos of 1 people" in result.stdout

    def test_json_is_utf8_on_every_terminal(self, gallery: str, tmp_path: Path) -> None:
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "likeness",
                "people",
                "list",
                "--gallery",
                gallery,
                "--json",
                "-",
            ],
            cwd=tmp_path,
            env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            capture_output=True,
            check=False,
        )
        people = json.loads(result.stdout.decode("utf-8"))["people"]
        assert "Zo\u00eb" in [person["name"] for person in people]

    @pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="such names exist on Linux")
    def test_json_names_a_file_whose_name_is_no_utf8(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        name = os.fsdecode(b"caf\xe9.png")
        terminal.finish({"photo": name}, "out.json")
        assert json.loads(Path("out.json").read_bytes())["photo"] == name


class TestReceipt:
    """Nobody is forgotten whose receipt could not be written."""

    @pytest.mark.parametrize("target", ["/dev/full", "missing/receipt.json", ".", "full.json"])
    def test_without_room_nothing_is_deleted(
        self,
        target: str,
        gallery: str,
    ) -> None:
        def full(_handle: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            if target == "full.json":
                patch.setattr(os, "fsync", full)
            assert ask("forget", "Zoë", "--gallery", gallery, "--receipt", target) == 2
        with open_gallery(gallery) as opened:
            assert opened.person("Zoë").templates == 1
        assert not Path("full.json").exists()

    def test_after_the_deletion_the_error_says_so_and_holds_the_receipt(
        self, gallery: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forget = Gallery.forget

        def slow(opened: Gallery, name: str) -> Receipt:
            Path("receipt.json").write_text("another's")  # while the deletion went on
            return forget(opened, name)

        monkeypatch.setattr(Gallery, "forget", slow)
        with pytest.raises(OutputError) as refused:
            app(["forget", "Zoë", "--gallery", gallery, "--receipt", "receipt.json"])
        said = str(refused.value)
        assert "Nothing was deleted" not in said
        assert "The deletion is done." in said
        receipt = json.loads(said[said.index("{") :])
        assert receipt["name"] == "Zoë", receipt
        assert Path("receipt.json").read_text() == "another's"
        assert ask("people", "show", "Zoë", "--gallery", gallery) == 2

    def test_holds_the_receipt_and_nothing_else(self, gallery: str) -> None:
        assert ask("forget", "Zoë", "--gallery", gallery, "--receipt", "receipt.json") == 0
        text = Path("receipt.json").read_text(encoding="utf-8")
        assert json.loads(text)["name"] == "Zoë"
        assert len(text) < 2000
