"""Files: the order in which people count them."""

import re


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key under which «s2» comes before «s10»."""
    parts = re.split(r"(\d+)", text)
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    # «s1» and «s01» must not tie: a set of names has another order in every process.
    return [*key, (-1, 0, text)]
