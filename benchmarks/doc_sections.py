"""Write one section of docs/accuracy.md or docs/performance.md; each lies between marks, to be measured anew alone."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path

ACCURACY = Path(__file__).resolve().parents[1] / "docs" / "accuracy.md"
PERFORMANCE = ACCURACY.with_name("performance.md")
HEAD = """# Accuracy

Each part is made by the command under its heading. Simulated pictures come from our own simulator: real pictures are
harder. How to measure on pictures of your own: [evaluate.md](evaluate.md).
"""
PERFORMANCE_HEAD = """# Performance

Each part is made by the command under its heading, which also says on what machine, and how busy that was with other
work when it began. Ratios of one run travel; seconds do not. `make bench` measures everything anew.
"""


def write(part, lines, page=ACCURACY):
    """Replace one section of a page, or add it at the end, and print it; what stands between sections stays."""
    body = "\n".join(lines).strip("\n")
    section = f"<!-- {part} -->\n{body}\n<!-- end of {part} -->"
    head = PERFORMANCE_HEAD if page.name == PERFORMANCE.name else HEAD
    text = page.read_text(encoding="utf-8") if page.is_file() else head
    before = re.compile(rf"<!-- {part} -->\n.*?<!-- end of {part} -->", re.DOTALL)
    text, is_there = before.subn(lambda _: section, text)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text if is_there else f"{text}\n{section}\n", encoding="utf-8")
    print(body)


def command():
    """Return the command as a person types it; where the page lies is nobody's business."""
    given = sys.argv[1:]
    for option in ("--out", "--folder"):
        if option in given:
            del given[given.index(option) : given.index(option) + 2]
    return f"`python benchmarks/{' '.join([Path(sys.argv[0]).name, *given])}`"


def machine():
    """Return what the figures were measured on."""
    return (
        f"{len(os.sched_getaffinity(0))} cores ({platform.machine()}), Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f} before"
    )


def peak_megabytes():
    """Return the peak memory of this process; getrusage would also count that of the program which started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
