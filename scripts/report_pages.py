"""Reports of every kind of run, looked at as readers do: wide, on a telephone, on paper, with a screen reader's rules.

    python scripts/report_pages.py OUT [--only NAME] [--check]

Makes seven result folders in OUT, opens the report of each in Chromium at 1280 and at 400 px and prints it; leaves
pictures and PDF files there, and says which wrote to the console, asked for something, or broke a rule of axe. Needs
Chromium and the packages playwright and axe-playwright-python, which nothing else here needs. ``--check`` opens what is
there already. For the syntax: ``npx html-validate OUT/*/report.html``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_images"
sys.path.append(str(ROOT / "tests"))
LONG = "bisphosphonate-loaded extracellular vesicles of patient {} at day 7"


def run(pictures: Path, out: Path, layout: Path | None = None) -> None:
    """Count and compare as the command does."""
    from osteocount import pipeline
    from osteocount.settings import Settings

    for _ in pipeline.run(pictures, out, Settings(), layout=layout):
        pass


def sample_plate(out: Path) -> None:
    """Count the plate that comes with the project."""
    run(SAMPLE, out, SAMPLE / "layout.csv")


def failed_and_excluded(out: Path) -> None:
    """Count one donor's wells and a second's, with a broken file, a well left out and a well without a picture."""
    pictures = out.with_name(f"{out.name}_pictures")
    pictures.mkdir(exist_ok=True)
    layout = pd.read_csv(SAMPLE / "layout.csv")
    layout = layout[layout["well"].str[0].isin(["A", "B"])].assign(exclude_reason="")
    for well in layout["well"][:-1]:
        shutil.copy(SAMPLE / f"{well}_f1.tif", pictures)
    broken = pictures / "A03_f1.tif"
    broken.write_bytes(broken.read_bytes()[:9000])
    out_of_it = layout["well"] == "B02"
    layout.loc[out_of_it, ["role", "exclude_reason"]] = ["excluded", "air bubble over a third of the well"]
    layout.to_csv(pictures / "layout.csv", index=False)
    run(pictures, out, pictures / "layout.csv")


def made_up(out: Path, **changes) -> None:
    """Build a folder of made-up tables, of which the report is then written."""
    from osteocount.report import write_report
    from support import result_folders

    result_folders.build(out, **changes)
    write_report(out)


def long_names(out: Path) -> None:
    """Make up 96 wells: 12 treatments with names of 60 letters, 8 donors with long names too."""
    arms = [("vehicle", 0.0, "", "vehicle", 1.0)]
    arms += [(LONG.format(n), 5.0, "µL", "treatment", 1 + n / 6) for n in range(1, 12)]
    donors = tuple(f"donor {n}, female, 6{n} years, left femur, thawed in March" for n in range(1, 9))
    made_up(out, arms=tuple(arms), donors=donors, overlays=96)


def one_donor(out: Path) -> None:
    """Make up a plate of one donor."""
    made_up(out, donors=("D1",))


def empty_control(out: Path) -> None:
    """Make up a plate whose control has no osteoclast."""
    from support import result_folders

    arms = tuple((*arm[:4], 0.0 if arm[0] == "vehicle" else arm[4]) for arm in result_folders.ARMS)
    made_up(out, arms=arms)


def fluorescence(out: Path) -> None:
    """Count simulated pictures of two channels."""
    import tifffile

    from osteocount.simulate import Densities, FieldDesign
    from support.fluorescence_field import FluorescenceOptics, simulate_fluorescence

    pictures = out.with_name(f"{out.name}_pictures")
    pictures.mkdir(exist_ok=True)
    rows = []
    for n in range(6):
        density = Densities(osteoclast=60 * (1 + n % 2))
        design = FieldDesign(width=700, height=700, pixel_size=0.6, densities=density)
        made = simulate_fluorescence(design, FluorescenceOptics(), n)
        well = f"{'AB'[n % 2]}{1 + n // 2:02d}"
        tifffile.imwrite(
            pictures / f"{well}_f1.ome.tif", np.moveaxis(made.pixels, 2, 0), ome=True,
            metadata={"axes": "CYX", "PhysicalSizeX": made.pixel_size, "PhysicalSizeY": made.pixel_size,
                      "Channel": {"Name": ["TRAP ELF97", "DAPI"]}},
        )  # fmt: skip
        role = "vehicle" if n % 2 == 0 else "treatment"
        rows.append(("P1", well, ("vehicle", "rhIL-32")[n % 2], f"D{1 + n // 2}", role))
    layout = pictures / "layout.csv"
    pd.DataFrame(rows, columns=["plate", "well", "treatment", "donor", "role"]).to_csv(layout, index=False)
    run(pictures, out, layout)


def low_power(out: Path) -> None:
    """Count simulated whole wells in which no nucleus can be seen."""
    import tifffile

    from support.low_power_well import random_well, simulate_well

    pictures = out.with_name(f"{out.name}_pictures")
    pictures.mkdir(exist_ok=True)
    rows = []
    for n in range(6):
        made = simulate_well(random_well(np.random.default_rng([78, n]), side=700.0), n)
        well = f"{'AB'[n % 2]}{1 + n // 2:02d}"
        per_cm = 1e4 / made.pixel_size
        tifffile.imwrite(
            pictures / f"{well}.tif", made.picture, photometric="rgb", resolution=(per_cm, per_cm),
            resolutionunit="CENTIMETER",
        )  # fmt: skip
        role = "vehicle" if n % 2 == 0 else "treatment"
        rows.append(("P1", well, ("vehicle", "rhIL-32")[n % 2], f"D{1 + n // 2}", role))
    layout = pictures / "layout.csv"
    pd.DataFrame(rows, columns=["plate", "well", "treatment", "donor", "role"]).to_csv(layout, index=False)
    run(pictures, out, layout)


KINDS = {
    make.__name__: make
    for make in (
        sample_plate, failed_and_excluded, long_names, one_donor, empty_control, fluorescence, low_power,
    )
}  # fmt: skip


def look(folder: Path, browser) -> list[str]:
    """Open the report at two widths and print it; say what is wrong with it."""
    from osteocount.report.pdf import print_pdf

    wrong = [text for width in (1280, 400) for text in look_at(folder, browser, width)]
    shutil.copy(print_pdf(folder / "report.html"), folder.with_name(f"{folder.name}.pdf"))
    return wrong


def look_at(folder: Path, browser, width: int) -> list[str]:
    """Open the report in a window of this width, take its picture, and say what is wrong."""
    from axe_playwright_python.sync_playwright import Axe

    wrong: list[str] = []
    address = (folder / "report.html").resolve().as_uri()
    page = browser.new_page(viewport={"width": width, "height": 900}, bypass_csp=True)  # axe is a script of its own
    page.set_default_timeout(0)  # a busy machine is no reason to fail
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", lambda asked: wrong.append(f"asked for {asked.url[:90]}"))
    page.goto(address)
    wrong = [text for text in wrong if not text.startswith((f"asked for {address[:90]}", "asked for data:"))]
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if beyond > 0:
        wrong.append(f"the page is {beyond} px wider than the window")
    page.screenshot(path=folder.with_name(f"{folder.name}_{width}.png"), full_page=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for one in Axe().run(page).response["violations"]:
        wrong.append(f"axe: {one['id']}: {one['help']} ({len(one['nodes'])} times, as {one['nodes'][0]['html'][:90]})")
    page.close()
    return [f"{width} px: {text}" for text in wrong]


def main() -> None:
    """Make the reports and look at them."""
    from playwright.sync_api import sync_playwright

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("out", type=Path)
    options.add_argument("--only", default="", help="only the kinds whose names hold this")
    options.add_argument("--check", action="store_true", help="make nothing, open what is there")
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    kinds = {name: make for name, make in KINDS.items() if given.only in name}
    for name, make in kinds.items() if not given.check else ():
        shutil.rmtree(given.out / name, ignore_errors=True)
        begun = time.process_time()
        make(given.out / name)
        size = (given.out / name / "report.html").stat().st_size / 1e6
        print(f"{name}: made in {time.process_time() - begun:.1f} s of the processor, report {size:.1f} MB", flush=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name in kinds:
            wrong = look(given.out / name, browser)
            print(f"{name}: {'; '.join(wrong) or 'nothing wrong'}", flush=True)


if __name__ == "__main__":
    main()
