"""Freed memory is kept: a large buffer is given again without the system's page faults."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from likeness.training.process import keep_freed_memory
agreed = {keep} and keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    buffers = [np.ones(3 * 2**17) for _ in range(20)]  # 3 MB each
step()
before = faults()
for _ in range(5):
    step()
print(int(agreed), faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc's mallopt")
def test_a_buffer_that_was_freed_costs_no_page_faults_the_next_time() -> None:
    def run(keep: bool) -> tuple[int, int]:
        result = subprocess.run(
            [sys.executable, "-c", FAULTS.format(keep=keep)],
            capture_output=True,
            text=True,
            check=True,
        )
        agreed, faults = map(int, result.stdout.split())
        return agreed, faults

    agreed, kept = run(keep=True)
    _, given_back = run(keep=False)
    assert agreed == 1
    assert kept < given_back / 4
