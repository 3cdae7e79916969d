"""Dishes from a folder of pictures to a compared report, with the commands of the guide."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from osteocount.cli import app

SAMPLE_PLATE = Path(__file__).parents[2] / "sample_images"
GUIDE = Path(__file__).parents[2] / "docs" / "samples.md"
DONORS = ("D1", "D2")


@pytest.fixture
def dishes(tmp_path, monkeypatch):
    """Lay the wells of two donors out as people save dishes: a folder per donor and treatment."""
    monkeypatch.chdir(tmp_path)
    with (SAMPLE_PLATE / "layout.csv").open(encoding="utf-8", newline="") as file:
        wells = list(csv.DictReader(file))
    for well in wells:
        donor, treatment = well["donor"].replace("donor ", "D"), {"rhIL-32": "IL-32"}.get(well["treatment"])
        treatment = treatment or well["treatment"]
        if donor in DONORS and treatment in ("vehicle", "IL-32"):
            folder = tmp_path / "dishes" / donor / treatment
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(next(SAMPLE_PLATE.glob(f"{well['well']}_f1*.tif")), folder / "img1.tif")
    return tmp_path


def osteocount(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.output


def commands() -> list[list[str]]:
    text = re.search(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].split() for line in text[1].splitlines() if line.startswith("osteocount")]
    return [line[1:] for line in lines]


def test_dishes_become_a_compared_report(dishes):
    template, check, run = commands()
    osteocount(*template)
    sheet = pd.read_csv("samples.csv", dtype=str, keep_default_na=False)
    assert sheet["donor"].tolist() == ["D1", "D1", "D2", "D2"]
    assert sheet["treatment"].tolist() == ["IL-32", "vehicle"] * 2
    # The one correction: what was given, and that every picture is of the first dish.
    sheet.loc[sheet["treatment"] == "IL-32", "dose"] = "25 ng/mL"
    sheet.assign(dish="1").drop(columns="replicate").to_csv("samples.csv", index=False)
    assert "IL-32" in osteocount(*check)
    said = osteocount(*run)
    wells = pd.read_csv("dish_results/wells.csv")
    assert wells["well"].tolist() == [
        "D1 IL-32 25 ng/mL dish 1", "D1 vehicle dish 1", "D2 IL-32 25 ng/mL dish 1", "D2 vehicle dish 1",
    ]  # fmt: skip
    assert (wells["status"] == "ok").all()
    assert not pd.read_csv("dish_results/comparisons.csv").empty
    page = Path("dish_results/report.html").read_text(encoding="utf-8")
    for said_of_dishes in ("dishes counted", "<h2>Every dish</h2>", "osteoclasts in the dish", "of 4 dishes"):
        assert said_of_dishes in page
    assert "Osteoclasts per well" not in page
    assert "2 donors" in said
