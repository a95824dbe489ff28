"""Every place that a command will write to is tried before anything is read or computed."""

import sys
from pathlib import Path

import pytest

from likeness.cli import main

# The photos and models named here do not exist: whoever looks for them first has begun the work.
COMMANDS = {
    "train --out": "train nowhere --out {file}/model",
    "train --log-dir": "train nowhere --out {new} --log-dir {file}/logs",
    "train --json": "train nowhere --out {new} --json {file}/x.json",
    "train --from --out": "train nowhere --from nowhere --out {file}/model",
    "crossval --json": "crossval nowhere --json {file}/x.json",
    "demo --out": "demo --out {file}/demo",
    "picture --out": "picture --out {file}/pictures",
    "evaluate --report": "evaluate nowhere nowhere --report {file}/report",
    "calibrate --report": "calibrate nowhere nowhere --far 1% --report {file}/report",
    "calibrate --json": "calibrate nowhere nowhere --far 1% --json {file}/x.json",
    "doctor --report": "doctor nowhere --report {file}/report",
    "card --html": "card nowhere --html {file}/card.html",
    "model get --out": "model get dlib --path nowhere --out {file}/model",
    "questions train --out": "questions train --out {file}/model",
    "track --out": "track nowhere --model nowhere --box 1,2,30,40 --out {file}/x.csv",
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_place_below_a_file_is_refused_first(
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    file = tmp_path / "notafolder.txt"
    file.write_text("kept")
    typed = words.format(file=file, new=tmp_path / "new").split()
    monkeypatch.setattr(sys, "argv", ["likeness", *typed])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code not in (0, None)
    assert "notafolder.txt" in said and "nowhere" not in said and "Traceback" not in said, said
    assert file.read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["notafolder.txt"]
