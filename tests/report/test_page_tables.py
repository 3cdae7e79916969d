"""The tables of the page hold the numbers of the files."""

from __future__ import annotations

import re

import pandas as pd

from osteocount.report import write_report
from osteocount.report.page_tables import quality_table
from osteocount.settings import Settings
from support import result_folders
from support.report_pages import Page


def test_the_numbers_are_those_of_the_tables(full, page):
    wells = pd.read_csv(full / "wells.csv")
    assert f"{int(wells['n_osteoclasts'].sum())} osteoclasts" in page.text
    assert "19 of 20 wells counted" in page.text
    positive = int(wells.loc[wells["treatment"] == "RANKL", "n_osteoclasts"].sum())
    assert f"RANKL 50 ng/mL 4 4 3.19 {positive} " in page.text


def test_every_contrast_is_said_in_words(full, page):
    table = pd.read_csv(full / "comparisons.csv")
    arms = table[(table["kind"] == "arm") & (table["endpoint"] == "osteoclast_count")]
    assert len(arms) == 4
    for row in arms.itertuples():
        number = r"\d+\.?\d*"
        sentence = rf"{row.verdict} {re.escape(row.contrast)} ?: {number} × vehicle \(95 % CI {number} to {number}\), "
        sentence += r"\d of \d donors (up|down)"
        assert re.search(sentence, page.text), row.contrast


def test_controls_stand_beside_each_other_and_empty_columns_are_left_out():
    roles = ["positive control"] * 4 + ["vehicle"] * 4
    wells = [f"{row}{column:02d}" for row in "BC" for column in range(3, 7)]
    frame = pd.DataFrame({"plate": "P1", "well": wells, "role": roles, "n_osteoclasts": [90.0, 91, 92, 93, 9, 8, 7, 6]})
    table = quality_table(frame)
    row = dict(zip(table.headings, table.rows[0], strict=True))
    assert list(row)[:3] == ["Plate", "Measure", "Controls (+ / −)"]
    assert (row["Measure"], row["Controls (+ / −)"]) == ("Osteoclasts", "4 / 4")
    assert re.fullmatch(r"0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", row["Z′ (5 to 95 %)"])
    assert dict(zip(table.headings, table.numeric, strict=True))["Note"] is False
    assert quality_table(frame.drop(columns="role")) is None


def test_changed_settings_stand_out(tmp_path):
    changed = Settings.model_validate({"segment": {"trap_threshold": 0.3}, "count": {"min_nuclei": 4}})
    page = Page(write_report(result_folders.build(tmp_path / "results", layout=False, settings=changed.model_dump())))
    assert "Settings changed from their defaults: TRAP threshold 0.3 OD (default 0.08)" in page.text
    assert "Nuclei in an osteoclast 4 (default 3)" in page.text
    assert "All settings are the defaults." not in page.text
