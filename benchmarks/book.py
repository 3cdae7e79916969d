"""The accuracy book, docs/accuracy.md: every part between marks, so that one part can be measured anew alone."""

from __future__ import annotations

import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1] / "docs" / "accuracy.md"
PARTS = ("holdout", "effects", "plate", "invariance", "regimes", "real")
HEAD = """# Accuracy

Each part is made by the command under its heading. Simulated pictures come from our own simulator: real pictures are
harder. How to measure on pictures of your own: [evaluate.md](evaluate.md).
"""


def write(part, lines, book=BOOK):
    """Replace one part of the book, and print it."""
    text = book.read_text(encoding="utf-8") if book.is_file() else ""
    parts = {name: _between(text, name) for name in PARTS}
    parts[part] = "\n".join(lines).strip("\n")
    marked = [f"<!-- {name} -->\n{body}\n<!-- end of {name} -->\n" for name, body in parts.items() if body]
    book.write_text("\n".join([HEAD, *marked]), encoding="utf-8")
    print(parts[part])


def command():
    """Return the command as a person types it; where the book lies is nobody's business."""
    given = sys.argv[1:]
    if "--out" in given:
        del given[given.index("--out") : given.index("--out") + 2]
    return f"`python benchmarks/{' '.join([Path(sys.argv[0]).name, *given])}`"


def _between(text, name):
    _, begin, rest = text.partition(f"<!-- {name} -->\n")
    return rest.partition(f"\n<!-- end of {name} -->")[0] if begin else ""
