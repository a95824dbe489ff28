"""One process on one runtime: started, opened, embedded, measured; prints one line of JSON.

The parent gives the moment at which it started this process, so that the interpreter's own
start and every import count.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable


def measured(folder: str, runtime: str, variant: str, started: float) -> dict[str, float]:
    """Return seconds to the first embedding, milliseconds a photo, photos a second, memory."""
    from likeness import open_model  # late: the import is part of the cold start
    from likeness.datasets import drawn_faces

    model = open_model(folder, runtime=runtime, variant=variant)
    photos = drawn_faces(identities=1, photos_each=1).items.repeat(64, axis=0)
    model.embed(photos[:1])
    cold = time.time() - started
    one = [_seconds(lambda: model.embed(photos[:1])) for _ in range(60)]
    worked = [_seconds(lambda: model.embed(photos[:1]), time.process_time) for _ in range(60)]
    many = [_seconds(lambda: model.embed(photos)) for _ in range(4)]
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "cold_seconds": cold,
        "one_photo_milliseconds": 1000 * statistics.median(one[10:]),
        "processor_milliseconds": 1000 * statistics.median(worked),
        "photos_per_second": 64 / statistics.median(many[1:]),
        "resident_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6,
    }


def _seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    work()
    return clock() - began


if __name__ == "__main__":
    folder, runtime, variant, started = sys.argv[1:]
    print(json.dumps(measured(folder, runtime, variant, float(started))))
