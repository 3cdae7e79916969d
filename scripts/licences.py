"""List the licence of everything that is installed with OsteoCount, and refuse what is not permissive in its core.

    python scripts/licences.py [--all]

The core is what ``pip install osteocount`` brings; ``--all`` also lists what the extras bring. Exit code 1 when a
package of the core has a licence that is not on the list below, or none.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

PERMISSIVE = re.compile(
    r"(?i)\b(?:mit|bsd|apache|isc|psf|python software foundation|hpnd|mit-cmu|zlib|unlicense|0bsd|cc0|boost|"
    r"mpl-2\.0|mozilla)"
)
COPYLEFT = re.compile(r"(?i)\b[al]?gpl|general public")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--all", action="store_true", help="also what the extras bring")
    given = options.parse_args()
    core = closure("osteocount", extras=())
    wanted = core | closure("osteocount", extras=("all",)) if given.all else core
    refused = []
    for name in sorted(wanted, key=str.lower):
        found = distribution(name)
        licence = licence_of(found)
        is_fine = bool(PERMISSIVE.search(licence)) and not COPYLEFT.search(licence)
        print(f"{found.name} {found.version}: {licence}{'' if name in core else ' (extra)'}")
        if name in core and not is_fine:
            refused.append(f"{found.name} ({licence})")
    if refused:
        sys.exit(f"Not known to be permissive, in the core: {', '.join(refused)}.")


def closure(name: str, extras: tuple[str, ...]) -> set[str]:
    """Return the names of all installed packages that ``name`` with these extras needs."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [(name, extras)]
    while waiting:
        package, wanted = waiting.pop()
        key = re.sub(r"[-_.]+", "-", package).lower(), wanted
        if key in seen:
            continue
        try:
            requires = distribution(package).requires or []
        except PackageNotFoundError:
            continue
        seen.add(key)
        for text in requires:
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                waiting.append((need.name, tuple(sorted(need.extras))))
    return {package for package, _ in seen} - {"osteocount"}


def licence_of(found: Distribution) -> str:
    """Return what a package says of its licence: the expression, the classifiers, or the first line of its text."""
    about = found.metadata
    expression = about.get("License-Expression")
    if expression:
        return str(expression)
    kinds = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or [] if text.startswith("License ::")]
    kinds = [kind for kind in kinds if kind != "OSI Approved"]
    if kinds:
        return ", ".join(kinds)
    return str(about.get("License") or "unknown").strip().splitlines()[0][:80]


if __name__ == "__main__":
    main()
