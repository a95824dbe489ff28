"""The second process: has the gallery open, and tells when it sees a change.

It reads one line of JSON per question on standard input: ``{"probe": [...], "name": ...,
"there": true}`` waits until the nearest person has that name (or, with false, has not), and
answers with the time of the clock that all processes of a machine share.
"""

import json
import sys
import time

import numpy as np

from likeness.recogniser.gallery import open_gallery


def main(where: str) -> None:
    """Open the gallery, then answer until the input ends."""
    begun = time.perf_counter()
    gallery = open_gallery(where)
    first = np.zeros((1, gallery.model.dimensions))
    first[0, 0] = 1
    gallery.search(first)
    print(json.dumps({"opened_s": time.perf_counter() - begun}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        probe = np.array([asked["probe"]])
        longest = 0.0
        while True:
            begun = time.perf_counter()
            (nearest, *_), *_ = gallery.search(probe, k=1)
            longest = max(longest, time.perf_counter() - begun)
            if (nearest.name == asked["name"]) is asked["there"]:
                break
        print(json.dumps({"seen": time.monotonic(), "longest_query_s": longest}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
