"""Freed memory is kept for the next training step, instead of being given back to the system.

TensorFlow allocates and frees large buffers at every step. glibc maps each of them anew and
unmaps it, so that a third of the processor time of a short training goes to the system's page
faults. `mallopt(3)` turns that off for this process; on other C libraries nothing happens.
"""

import ctypes
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8


@cache
def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed; return whether it agreed. Once a process is enough."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: another system, or musl
        return False
    # Buffers come from the heap, whose end is never given back, and from few heaps.
    settings = {_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: 2**31 - 1, _M_ARENA_MAX: 1}
    agreed = [mallopt(name, value) == 1 for name, value in settings.items()]
    return all(agreed)
