"""The report as PDF, printed by a browser that is on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.io.result_folder import REPORT_PDF

# Chromium and its kin print without a window; Firefox cannot.
_COMMANDS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
)  # fmt: skip
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
)
# It prints, and asks nothing of anybody.
_QUIETLY = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--no-pdf-header-footer",
)  # fmt: skip
_PATIENCE_S = 300


def print_pdf(page: Path) -> Path:
    """Print ``report.html`` to ``report.pdf`` beside it.

    Raises
    ------
    OsteoCountError
        There is no browser that can print, or it failed.
    """
    browser = _browser()
    if browser is None:
        raise OsteoCountError(
            "No browser that prints by itself was found (Chromium, Chrome or Edge). Open "
            f"{page} in any browser and print it to a PDF: the page is laid out for paper."
        )
    target = page.with_name(REPORT_PDF)
    target.unlink(missing_ok=True)  # rather none than one of other numbers
    with atomic_write(target) as draft, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [browser, *_QUIETLY, *_as_root(), f"--user-data-dir={profile}"]
        command += [f"--print-to-pdf={draft.resolve()}", page.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OsteoCountError(f"{browser} could not print {page} ({error}).") from error
        if not _is_whole(draft):
            said = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
            raise OsteoCountError(f"{browser} could not print {page} ({said[-1]}).")
    return target


def _is_whole(draft: Path) -> bool:
    """Whether a PDF is there to its end: a browser that is killed, or has no room, leaves the beginning of one."""
    if not draft.is_file():
        return False
    content = draft.read_bytes()
    return content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")


def _browser() -> str | None:
    found = next(filter(None, map(shutil.which, _COMMANDS)), None)
    return found or next((place for place in _PLACES if Path(place).is_file()), None)


def _as_root() -> tuple[str, ...]:
    """Chromium refuses to start as root with its sandbox, as in a container; the page is our own."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
