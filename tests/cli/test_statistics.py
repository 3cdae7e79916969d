"""compare, agree and plan as a person runs them: files written or nothing, one message, the exit code."""

import contextlib
import io
import sys

import numpy as np
import pandas as pd
import pytest

from osteocount.cli import main
from osteocount.cli.statistics import read_wells
from support.commands import refused, run

ARMS = {"A": "vehicle", "B": "EV_WT", "C": "EV_KO"}
PLACES = [(f"D{d}", arm, f"{row}{n}") for d in range(1, 5) for row, arm in ARMS.items() for n in (1, 2)]
HEADING = ["plate", "well", "donor", "treatment", "n_osteoclasts", "imaged_area_mm2"]
AREA = HEADING.index("imaged_area_mm2")
COUNT = HEADING.index("n_osteoclasts")
DONOR = HEADING.index("donor")
TREATMENT = HEADING.index("treatment")


def rows(**cells):
    """Return the lines of a good table; ``column = (line, text)`` changes one cell."""
    rng = np.random.default_rng(3)
    means = {"vehicle": 20, "EV_WT": 45, "EV_KO": 26}
    found = [list(HEADING)]
    found += [[f"P{d[1]}", well, d, arm, str(rng.poisson(means[arm])), "32.5"] for d, arm, well in PLACES]
    for column, (line, text) in cells.items():
        found[line - 1][HEADING.index(column)] = text
    return found


def text(lines, separator=","):
    return "\n".join(separator.join(line) for line in lines) + "\n"


def every(column, change):
    found = rows()
    for n, line in enumerate(found[1:], start=2):
        line[column] = change(n, line[column])
    return found


def osteocount(*arguments):
    """Run the command's own entry point; return its exit code, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        patch.setattr(sys, "argv", ["osteocount", *map(str, arguments)])
        main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


MALFORMED = {
    "text": (text(rows(n_osteoclasts=(3, "many"))), "line 3 (P1 A2), column 'n_osteoclasts': 'many' is not a number"),
    "negative": (text(rows(n_osteoclasts=(3, "-4"))), "line 3 (P1 A2), column 'n_osteoclasts': -4 is negative"),
    "NaN": (text(rows(n_osteoclasts=(3, "NaN"))), "line 3 (P1 A2), column 'n_osteoclasts': 'NaN' is not a number"),
    "infinite": (text(rows(n_osteoclasts=(3, "inf"))), "line 3 (P1 A2), column 'n_osteoclasts': 'inf' is not a number"),
    "duplicated": (text(rows(well=(4, "A01"))), "line 4 (P1 A01), column 'well': the same well is also on line 2"),
    "half the donors": (
        text(every(DONOR, lambda n, donor: donor if n % 2 else "")),
        "line 2 (P1 A1), line 4 (P1 B1), line 6 (P1 C1), line 8 (P2 A1), line 10 (P2 B1), line 12 (P2 C1) and 6 more "
        "lines, column 'donor': no donor; fill it in",
    ),
    "quoted decimal comma": (
        text(rows(imaged_area_mm2=(3, '"32,5"'))),
        "line 3 (P1 A2), column 'imaged_area_mm2': '32,5' has a decimal comma; write 32.5",
    ),
    "one decimal comma": (
        text(rows(imaged_area_mm2=(3, "32,5"))),
        "Line 3 has 7 cells, the heading 6. A decimal comma in a file separated by commas makes one cell too many",
    ),
    "decimal commas": (
        text(every(AREA, lambda _, area: area.replace(".", ","))),
        "Its rows have more cells than the heading. A decimal comma",
    ),
    "mixed decimal commas": (
        text(every(AREA, lambda n, area: area.replace(".", ",") if n % 12 == 2 else area), ";"),
        "line 2 (P1 A1) and line 14 (P3 A1), column 'imaged_area_mm2': '32,5' has a decimal comma; write 32.5",
    ),
    "empty": ("", "the table is empty"),
    "heading alone": (text(rows()[:1]), "The table has a heading but no rows. Give it one row per well."),
    "one column": ("well\nA1\nA2\n", "no column 'donor' (the biological replicate: donor, animal"),
    "unknown columns": ("a,b\n1,2\n", "It has the columns: a, b."),
    "Greek": (text(rows(treatment=(3, "TGF-β"))).encode("cp1253"), "is not UTF-8 text, and line 3 has 'â'"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_table_gets_one_message_and_nothing_is_written(tmp_path, name):
    content, said = MALFORMED[name]
    table = tmp_path / "table.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = osteocount("compare", table, "--control", "vehicle", "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("error:") == 1
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_misspelt_control_is_one_message(tmp_path):
    (tmp_path / "table.csv").write_text(text(rows()))
    code, out, err = osteocount("compare", tmp_path / "table.csv", "--control", "vehicel", "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert err == "error: No arm is called 'vehicel'; did you mean 'vehicle'? The table holds: EV_KO, EV_WT, vehicle.\n"
    assert not (tmp_path / "out").exists()


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "wells.csv"
    path.write_text(text(rows()), encoding="utf-8")
    return path


GREEK = text(every(TREATMENT, lambda _, arm: arm.replace("EV", "EV µ")))
WRITTEN = {
    "UTF-16": GREEK.encode("utf-16"),
    "UTF-16 without a mark": GREEK.encode("utf-16-le"),
    "BOM": GREEK.encode("utf-8-sig"),
    "Windows-1252": GREEK.encode("cp1252"),
    "sep=,": b"sep=,\r\n" + GREEK.encode(),
    "sep=;": b"sep=;\n" + GREEK.replace(",", ";").encode(),
    "Excel in German": GREEK.replace(",", ";").replace("32.5", "32,5").encode("utf-8-sig"),
    "Windows": GREEK.replace("\n", "\r\n").encode("utf-8-sig"),
    "tabs": GREEK.replace(",", "\t").encode(),
}


@pytest.mark.parametrize("program", WRITTEN)
def test_what_programs_write_is_read_alike(tmp_path, program):
    (tmp_path / "plain.csv").write_text(GREEK, encoding="utf-8")
    (tmp_path / "other.csv").write_bytes(WRITTEN[program])
    plain, other = (read_wells(tmp_path / name) for name in ("plain.csv", "other.csv"))
    pd.testing.assert_frame_equal(other, plain)
    assert len(plain) == len(PLACES) and plain["treatment"].isin(["vehicle", "EV µ_WT", "EV µ_KO"]).all()


def test_a_dose_series_has_its_figure_and_columns_have_their_names(tmp_path):
    table_path = tmp_path / "t.csv"
    frame = pd.DataFrame(
        [(f"D{d}", f"{'ABCDEFGH'[i]}{d}", "IL32" if dose else "vehicle", dose, 20 * (i + 1) + d)
         for d in (1, 2, 3) for i, dose in enumerate((0, 1, 10, 100))],
        columns=["animal", "well", "compound", "dose", "N"],
    )  # fmt: skip
    frame.assign(mm2=2.0, dose_unit="ng/mL").to_csv(table_path, index=False)
    code, out, _ = osteocount(
        "compare", table_path, "--control", "vehicle", "--out", tmp_path / "out", "--count-column", "N",
        "--area-column", "mm2", "--donor-column", "animal", "--treatment-column", "compound",
    )  # fmt: skip
    assert code == 0
    assert "dose trend of IL32: ratio 1.5" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "comparisons.csv", "donor_values.csv", "estimation.svg", "estimation.png", "superplot.svg", "superplot.png",
        "effects.svg", "effects.png", "dose_response.svg",
        "dose_response.png",
    }  # fmt: skip


def test_agree_writes_table_pairs_effects_and_figure(table, tmp_path):
    wells = pd.read_csv(table)
    people = pd.concat(
        [wells.assign(reader=name, count=wells["n_osteoclasts"] + n) for n, name in enumerate(("Ann", "Bo"))]
    )
    people[["plate", "well", "reader", "count"]].to_csv(tmp_path / "people.csv", index=False)
    arguments = ("agree", table, tmp_path / "people.csv", "--control", "vehicle", "--out", tmp_path / "out")
    code, out, err = osteocount(*arguments)
    assert (code, err) == (0, "")
    assert "\nautomatic against Ann, 24 wells: bias +0 osteoclasts (95 % CI +0 to +0; +0 %)" in out
    assert out.startswith("Warning: Against Bo, the counting error differs between arms (p < 0.0001)")
    assert "EV_WT, counted by Bo: " in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "agreement.csv", "pairs.csv", "effects.csv", "bland_altman.svg", "bland_altman.png",
    }  # fmt: skip
    found = pd.read_csv(tmp_path / "out" / "agreement.csv")
    assert {"all", "vehicle", "EV_WT", "EV_KO", "sparse third", "dense third"} == set(found["subset"]) - {
        "middle third"
    }
    svg = (tmp_path / "out" / "bland_altman.svg").read_bytes()
    osteocount(*arguments)
    assert (tmp_path / "out" / "bland_altman.svg").read_bytes() == svg


def test_agree_refuses_wells_counted_twice(table, tmp_path):
    wells = pd.read_csv(table).rename(columns={"n_osteoclasts": "count"})[["plate", "well", "count"]]
    pd.concat([wells, wells[:1]]).to_csv(tmp_path / "people.csv", index=False)
    code, out, err = osteocount("agree", table, tmp_path / "people.csv", "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert err == (
        "error: Counted twice in the manual counts: line 26 (manual P1 A1). Keep one row per well (and field, and "
        "reader), or name the fields or readers in a column of that name.\n"
    )
    assert not (tmp_path / "out").exists()


def test_plan_says_one_sentence_and_repeats_with_its_seed(table, tmp_path):
    said = []
    for name in ("a", "b"):
        code, out, err = osteocount(
            "plan",
            table,
            "--control",
            "vehicle",
            "--ratio",
            "1.5",
            "--runs",
            "100",
            "--seed",
            "5",
            "--out",
            tmp_path / name,
        )
        assert (code, err) == (0, "")
        said.append((out, (tmp_path / name / "power.csv").read_bytes()))
    assert said[0] == said[1]
    assert " donors × " in said[0][0].splitlines()[0]
    assert " % power" in said[0][0].splitlines()[0]
    power = pd.read_csv(tmp_path / "a" / "power.csv")
    assert set(power["donors"]) == set(range(3, 11))
    assert set(power["wells"]) == set(range(2, 7))
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"power.csv", "power.svg", "power.png"}


COUNTS = {"vehicle": (20, 31, 25, 40), "EV": (30, 44, 41, 66)}
COLUMNS = ("--count-column", "count", "--area-column", "area_mm2")


@pytest.fixture
def small_table(tmp_path):
    rows = [
        (f"{'AB'[arm]}{donor + 1:02d}", f"D{donor + 1}", name, count, 2.0)
        for arm, (name, counts) in enumerate(COUNTS.items())
        for donor, count in enumerate(counts)
    ]  # fmt: skip
    path = tmp_path / "table.csv"
    pd.DataFrame(rows, columns=["well", "donor", "treatment", "count", "area_mm2"]).to_csv(path, index=False)
    return path


def test_compare_writes_the_table_and_says_it_in_words(small_table, tmp_path):
    done = run("compare", small_table, "--control", "vehicle", *COLUMNS, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "EV: 1.5" in done.output
    assert "4 of 4 donors up" in done.output
    row = pd.read_csv(tmp_path / "out" / "comparisons.csv").iloc[0]
    assert (row["endpoint"], row["contrast"], row["reference"]) == ("osteoclast_count", "EV", "vehicle")
    assert row["estimate"] == pytest.approx(1.55, abs=0.05)
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".csv", ".png", ".svg"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": "many"}, "many"),
        ({"count": -3}, "-3"),
        ({"donor": None}, "donor"),
        ({"well": "A02", "donor": "D2"}, "A02"),
        ({"area_mm2": 0}, "area_mm2"),
    ],
)
def test_a_malformed_table_is_refused_and_nothing_is_written(small_table, tmp_path, change, message):
    frame = pd.read_csv(small_table).astype(object)
    for column, value in change.items():
        frame.loc[0, column] = value
    frame.to_csv(small_table, index=False)
    said = refused("compare", small_table, "--control", "vehicle", *COLUMNS, "--out", tmp_path / "out")
    assert message in said
    assert not (tmp_path / "out").exists()


def test_a_misspelt_control_is_guessed(small_table, tmp_path):
    said = refused("compare", small_table, "--control", "vehicel", *COLUMNS, "--out", tmp_path / "out")
    assert "did you mean 'vehicle'?" in said


def test_a_table_that_is_not_there(tmp_path):
    assert "there is no such table" in refused("compare", tmp_path / "no.csv", "--out", tmp_path / "out")
