"""Documents as JSON text: keys sorted and indented, but each list of plain values in one line.

A report holds thousands of energies; one a line would make it a file that nobody scrolls.
"""

import json
from collections.abc import Mapping
from typing import Any


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON; every float is read back as the very same number.

    Raises:
        ValueError: a number is NaN or infinite, for which JSON has no word.
        TypeError: a value is none of JSON's.

    >>> print(json_text({"b": [1.5, 2], "a": {"c": [{"d": None}]}}), end="")
    {
      "a": {
        "c": [
          {
            "d": null
          }
        ]
      },
      "b": [1.5, 2]
    }
    """
    return _written(document, "\n") + "\n"


def _written(value: Any, line: str) -> str:
    """Write a value; ``line`` is a line's end and the indent of the next."""
    deeper = line + "  "
    if isinstance(value, Mapping) and value:
        entries = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {_written(value[key], deeper)}"
            for key in sorted(value)
        ]
        return f"{{{deeper}{f',{deeper}'.join(entries)}{line}}}"
    if isinstance(value, list | tuple) and any(isinstance(entry, Mapping) for entry in value):
        return f"[{deeper}{f',{deeper}'.join(_written(entry, deeper) for entry in value)}{line}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
