"""Kill -9 at random moments: what was acknowledged is there, and nothing is there half."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.recogniser.gallery import check_gallery, create_gallery, open_gallery

from .conftest import model_of

WRITER = """
import hashlib, json, sys
import numpy as np
from likeness.recogniser.gallery import NewTemplate, open_gallery

where, who, run = sys.argv[1:]
rng = np.random.default_rng([int(who), int(run)])
gallery = open_gallery(where, by="writer")
gallery.store.patience = 0.05
mine = [person.name for person in gallery.people(limit=10000)
        if person.name.startswith(f"w{who} ")]

def photo(name):
    digest = hashlib.sha256(name.encode()).hexdigest()
    return NewTemplate(vector=rng.standard_normal(8), photo_digest=digest)

def say(*what):
    print(json.dumps(what), flush=True)

say("ready")
step = 0
while True:
    step += 1
    kind = rng.choice(["enrol", "enrol", "forget", "merge"])
    if kind == "enrol" or len(mine) < 2:
        name = f"w{who} r{run} s{step}"
        say("begin", "enrol", name)
        gallery.enrol(name, [photo(f"{name}/{n}") for n in range(3)])
        mine.append(name)
        say("done")
    elif kind == "forget":
        name = mine.pop(int(rng.integers(len(mine))))
        say("begin", "forget", name)
        gallery.forget(name)
        say("done")
    else:
        name = mine.pop(int(rng.integers(len(mine))))
        into = mine[int(rng.integers(len(mine)))]
        say("begin", "merge", name, into)
        gallery.merge(name, into=into)
        say("done")
"""

FORKS = """
import json, os, sys
import numpy, likeness.recogniser.gallery

for line in sys.stdin:
    kind, *words = json.loads(line)
    if kind == "wait":
        os.waitpid(words[0], 0)
        print(words[0], flush=True)
        continue
    child = os.fork()
    if not child:
        os.dup2(os.open(words[0], os.O_WRONLY), 1)
        sys.argv = ["-c", *words[1:]]
        exec(sys.argv.pop(1))
        os._exit(1)
    print(child, flush=True)
"""
"""A process that has imported the gallery, and forks a writer for each line: starting Python for
each of 900 takes ten minutes."""

State = dict[str, int]
"""Names, and how many templates each has."""


def applied(state: State, change: Sequence[str]) -> State:
    """The state after a change."""
    after = dict(state)
    kind, name, *rest = change
    if kind == "enrol":
        after[name] = 3
    else:
        count = after.pop(name)
        if kind == "merge":
            after[rest[0]] += count
    return after


class Writer:
    """A process that changes people, and what it said so far."""

    def __init__(self, forks: subprocess.Popen[str], file: Path, who: int, run: int) -> None:
        self.forks = forks
        pipe = file.with_name(f"pipe-{who}-{run}")
        os.mkfifo(pipe)
        self.process_id = self.order("fork", str(pipe), WRITER, str(file), str(who), str(run))
        self.lines = pipe.open(encoding="utf-8")
        self.said: list[list[str]] = []

    def order(self, *words: str | int) -> int:
        """Tell the process that forks what to do; returns the writer's number."""
        assert self.forks.stdin is not None and self.forks.stdout is not None
        print(json.dumps(words), file=self.forks.stdin, flush=True)
        return int(self.forks.stdout.readline())

    def read(self) -> bool:
        """Read a line; returns whether there was one."""
        line = self.lines.readline()
        with contextlib.suppress(ValueError):  # the last line may be cut
            self.said.append(json.loads(line))
        return bool(line)

    def wait_for(self, kind: str, times: int) -> None:
        """Read until it said something so many times."""
        while sum(said[0] == kind for said in self.said) < times:
            assert self.read(), "the writer ended by itself"

    def kill(self) -> None:
        os.kill(self.process_id, signal.SIGKILL)

    def wait(self) -> None:
        self.order("wait", self.process_id)
        self.lines.close()


def acknowledged(writer: Writer, state: State) -> tuple[State, State]:
    """What a killed writer had acknowledged, and what would be there with its last change."""
    while writer.read():
        pass
    pending: Sequence[str] | None = None
    for kind, *rest in writer.said:
        if kind == "begin":
            pending = rest
        elif kind == "done" and pending is not None:
            state, pending = applied(state, pending), None
    return state, state if pending is None else applied(state, pending)


def found_in(file: Path, who: int) -> State:
    with open_gallery(file) as gallery:
        people = gallery.people(limit=10_000)
    return {p.name: p.templates for p in people if p.name.startswith(f"w{who} ")}


@pytest.fixture(scope="module")
def forks() -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with started:
        yield started


def killed_runs(forks: Any, file: Path, *, runs: int, writers: int, seed: int) -> int:
    """Run writers, kill them at random moments, and look; return the acknowledged changes."""
    rng = np.random.default_rng(seed)
    create_gallery(file, model_of()).close()
    states: list[State] = [{} for _ in range(writers)]
    changes = 0
    for run in range(runs):
        running = [Writer(forks, file, who, run) for who in range(writers)]
        for writer in running:
            writer.wait_for("ready", 1)
        for writer in running:  # a slow machine has done something, too, in most runs
            writer.wait_for("done", int(rng.integers(0, 5)))
        time.sleep(rng.uniform(0, 0.1))  # some changes long
        for writer in running:
            writer.kill()
        for who, writer in enumerate(running):
            before = states[who]
            least, most = acknowledged(writer, before)
            writer.wait()
            found = found_in(file, who)
            assert found in (least, most), f"run {run}, writer {who}"
            changes += found != before
            states[who] = found
        if run % 20 == 0 or run == runs - 1:
            assert check_gallery(file).problems == ()
    return changes


def test_a_few_kills(forks: Any, file: Path) -> None:
    assert killed_runs(forks, file, runs=3, writers=2, seed=1) > 0


@pytest.mark.slow
def test_three_hundred_kills(forks: Any, file: Path) -> None:
    assert killed_runs(forks, file, runs=300, writers=1, seed=2) > 200


@pytest.mark.slow
def test_three_hundred_kills_of_two_writers(forks: Any, file: Path) -> None:
    assert killed_runs(forks, file, runs=300, writers=2, seed=3) > 300
