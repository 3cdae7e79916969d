"""Tables of wells as people keep them: n is never inflated, nothing is left out or pooled in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from osteocount.cli.statistics import read_wells
from osteocount.errors import OsteoCountError
from osteocount.stats import compare
from osteocount.stats.dependence import find_dependences, read_genotype
from osteocount.stats.table_headings import heading_parts
from support.well_tables import table


def with_rows(rows: list[dict[str, object]], **columns) -> pd.DataFrame:
    return pd.concat([table().assign(**columns), pd.DataFrame(rows)], ignore_index=True).fillna("")


def refusal(frame: pd.DataFrame, **options) -> str:
    with pytest.raises(OsteoCountError) as refused:
        compare(frame, **{"control": "vehicle", **options})
    return str(refused.value)


def n_donors(frame: pd.DataFrame) -> int:
    return int(compare(frame, control="vehicle").table["n_donors"].max())


@pytest.mark.parametrize(
    "donor",
    ["Mittelwert", "Moyenne", "Promedio", "D1 mean", "mean of D1", "D2 (average)", "all donors", "Overall", "n = 3",
     "Standardabweichung", "Gesamt", "SEM", "D1 Mittelwert"],
)  # fmt: skip
def test_summaries_of_donors_are_no_donors(donor):
    rows = [{"donor": donor, "treatment": arm, "count": 20, "area_mm2": 10} for arm in ("vehicle", "IL32")]
    frame = with_rows(rows)
    assert n_donors(frame) == 3
    assert any(text.startswith("Left out as a summary of wells") for text in compare(frame, control="vehicle").warnings)


def test_summaries_of_arms_are_no_arms():
    rows = [{"donor": f"D{n}", "treatment": "IL32 mean", "count": 20, "area_mm2": 10} for n in (1, 2, 3)]
    assert "IL32 mean" not in set(compare(with_rows(rows), control="vehicle").table["arm"])


@pytest.mark.parametrize("donor", ["n", "pooled", "D1-D3", "D?"])
def test_rows_without_a_well_among_wells_are_asked_about(donor):
    rows = [{"donor": donor, "treatment": "vehicle", "count": 20, "area_mm2": 10}]
    assert "line 20: no well, though other rows have one" in refusal(with_rows(rows))


@pytest.mark.parametrize(
    ("one", "other"), [("A", "Donor A"), ("B7", "donor B7"), ("MK", "Patient MK"), ("1", "Mouse 1")]
)
def test_a_donor_with_and_without_the_word_is_one(one, other):
    if one == "1":
        one = "m1"
    frame = table()
    names = {"D1": one, "D2": "X2", "D3": "X3"}
    frame["donor"] = [other if d == "D1" and i % 2 else names[d] for i, d in enumerate(frame["donor"])]
    assert n_donors(frame) == 3


def test_wells_are_no_donors():
    assert "The donor column 'donor' holds the wells." in refusal(table().assign(donor=lambda t: t["well"]))


@pytest.mark.parametrize(
    ("column", "mark", "left_out"),
    [
        ("exclude", "yes", 1), ("Excluded", "edge", 1), ("exclude", "no", 0), ("outlier", "x", 1), ("include", "no", 1),
        ("use", "1", 0), ("Ausschluss", "ja", 1), ("omit", "", 0),
    ],
)  # fmt: skip
def test_wells_that_the_table_leaves_out(column, mark, left_out):
    frame = table().assign(**{column: ["", mark, *[""] * 16]})
    found = compare(frame, control="vehicle")
    assert found.well_values.query("endpoint == 'osteoclast_count'").shape[0] == 18 - left_out
    said = "1 well left out, since the table marks them so: line 3 (plate D1 B1)."
    assert (said in found.warnings) == bool(left_out)


def test_an_unclear_inclusion_is_asked_about():
    frame = table().assign(include=["perhaps", *["yes"] * 17])
    assert "line 2 (plate D1 A1), column 'include': 'perhaps' says neither yes nor no" in refusal(frame)


def test_roles_in_other_words():
    roles = {"vehicle": "veh", "IL32": "sample", "RANKL": "pos ctrl"}
    frame = table().assign(Role=lambda t: t["treatment"].map(roles))
    assert compare(frame).control == "vehicle"
    blank = frame.assign(Role=lambda t: t["Role"].where(t["treatment"] != "RANKL", "blank well"))
    assert "6 wells with the role blank or excluded left out." in compare(blank).warnings
    assert "RANKL" not in set(compare(blank).table["arm"])
    assert "the role 'odd' is none of negative control" in refusal(frame.assign(Role="odd"))


def test_rounded_percentages_are_percentages():
    frame = table()
    control = frame[frame["treatment"] == "vehicle"].groupby("donor")["count"].mean()
    percent = (100 * frame["count"] / frame["donor"].map(control)).round().astype(int)
    assert "these look like percentages of the control" in refusal(frame.assign(count=percent))


def test_densities_are_no_counts():
    frame = table().rename(columns={"count": "osteoclasts_per_mm2"})
    assert "holds densities, not counts" in refusal(frame, count_column="osteoclasts_per_mm2")


@pytest.mark.parametrize(
    ("column", "cell", "cure"),
    [
        ("count", "1,603", "'1,603' may mean 1603 or 1.603; write it without the comma"),
        ("count", "12,5", "'12,5' has a decimal comma; write 12.5"),
        ("dose", "0,5 ng/mL", "'0,5 ng/mL' has a decimal comma; write 0.5 ng/mL"),
        ("dose", "1,000 ng/mL", "'1,000 ng/mL' may mean 1000 ng/mL or 1.000 ng/mL; write it without the comma"),
    ],
)
def test_the_cure_of_a_comma_does_not_change_the_value(column, cell, cure):
    frame = table().assign(dose="1").astype({"count": object})
    frame.loc[3, column] = cell
    assert cure in refusal(frame)


def test_columns_in_which_wells_differ_are_said_to_be_pooled():
    frame = table().assign(hypoxia=np.tile(["no", "yes"], 9), notes=np.tile(["a", "b"], 9), sex="f")
    said = [text for text in compare(frame, control="vehicle").warnings if "pooled" in text]
    assert said == [
        "Wells of one donor and arm differ in 'hypoxia' (no, yes) and are pooled. If that is something done to them, "
        "write it into the treatment."
    ]
    signs = table().assign(RANKL=np.tile(["+", "-"], 9))
    assert any("differ in 'RANKL' (+, -) and are pooled" in text for text in compare(signs, control="vehicle").warnings)


def test_days_that_repeat_arms_are_said_to_be_pooled():
    frame = pd.concat([table().assign(day=day, plate=lambda t: t["plate"]) for day in (3, 7)])
    assert (
        "A donor's wells of several days (3, 7) are pooled, as experiments of one donor. If they are a time course, "
        "turn on the setting 'time_course'."
    ) in compare(frame, control="vehicle").warnings


@pytest.mark.parametrize(
    ("heading", "parts"),
    [("dose_ng_ml", ("dose", "ng/mL")), ("Dose ng/mL", ("Dose", "ng/mL")), ("area (mm²)", ("area", "mm2")),
     ("imaged_area_mm2", ("imaged area", "mm2")), ("n cells", ("n cells", ""))],
)  # fmt: skip
def test_units_in_headings(heading, parts):
    assert heading_parts(heading) == parts


@pytest.mark.parametrize("heading", ["experimenter", "Experiment", "operator", "platform", "donation"])
def test_other_words_are_not_asked_about(heading):
    assert n_donors(table().assign(**{heading: "x"})) == 3


@pytest.mark.parametrize("heading", ["Dsoe", "dsoe (nM)", "dose1"])
def test_exchanged_letters_are_asked_about(heading):
    assert "looks like 'dose'" in refusal(table().assign(**{heading: 1}))


@pytest.mark.parametrize(
    ("headings", "columns"),
    [({"count": "Anzahl", "donor": "Spender", "treatment": "Behandlung", "plate": "Platte"}, {}),
     ({"count": "TRAP+ MNCs", "donor": "Biological replicate", "treatment": "Traitement"}, {}),
     ({"count": "OC number", "donor": "Donante", "treatment": "Tratamiento"}, {})],
)  # fmt: skip
def test_headings_in_several_languages(headings, columns):
    assert n_donors(table().rename(columns=headings).assign(**columns)) == 3


@pytest.mark.parametrize(
    ("name", "genotype", "clone"),
    [("EV CD81KO #2", "knock-out", "2"), ("EV CD81KO #1 + CD81", "rescue", "1"), ("EV CD81KO + RANKL", "knock-out", ""),
     ("IL32+/+", "wild type", ""), ("EV IL32KO+IL32", "rescue", "")],
)  # fmt: skip
def test_clones_and_genes_put_back(name, genotype, clone):
    own = read_genotype(name)
    assert (own.genotype, own.clone) == (genotype, clone)


def test_every_dependence_has_a_name_and_an_estimate_of_its_own():
    arms = ["vehicle", "EV WT", "EV CD81KO #1", "EV CD81KO #2", "EV CD81KO #1 + CD81", "EV CD9KO/CD81KO"]
    donors = {f"D{n}": {arm: (20 + 7 * i + n, 22 + 7 * i + n % 2) for i, arm in enumerate(arms)} for n in (1, 2, 3, 4)}
    found = compare(table(donors), control="vehicle").table
    own = found[found["kind"] == "dependence"]
    assert own["contrast"].tolist() == [
        "cd81_dependence clone 1", "cd81_dependence clone 2", "cd81+cd9_dependence", "cd81_rescue",
    ]  # fmt: skip
    assert own["estimate"].nunique() == 4
    frame = pd.DataFrame({"arm": arms, "treatment": arms, "dose": np.nan, "dose_unit": "", "oxygen": ""})
    titles = [one.title for one in find_dependences(frame, {"": "vehicle"}).contrasts]
    assert "CD81 and CD9 dependence" in titles


def write_workbook(path, **sheets: list[list[object]]):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_is_compared_as_its_table(tmp_path):
    rows = [list(table().columns), *table().to_numpy().tolist()]
    for title in ([], [["TRAP, experiment 4"], []]):
        path = write_workbook(tmp_path / "wells.xlsx", wells=[*title, *rows], notes=[["D3 thawed twice"]])
        found = compare(read_wells(path), control="vehicle")
        pd.testing.assert_frame_equal(found.table, compare(table(), control="vehicle").table)
    path = write_workbook(tmp_path / "two.xlsx", a=rows, b=rows)
    with pytest.raises(OsteoCountError, match="one sheet with a table of wells is needed, and there is 'a', 'b'"):
        read_wells(path)


def test_a_control_in_another_case_is_found():
    assert compare(table(), control="Vehicle ").control == "vehicle"


def test_a_title_above_the_headings_is_named(tmp_path):
    path = tmp_path / "wells.csv"
    path.write_text("TRAP experiment 4\n\n" + table().to_csv(index=False))
    with pytest.raises(OsteoCountError) as refused:
        read_wells(path)
    assert str(refused.value) == (
        "wells.csv: is not a table. Its first line is one cell, line 3 has 6. The headings have to stand in the first "
        "line: delete titles and empty lines above them."
    )


REPLICATES = [
    ("D1-1", "D1-2", "D2-1", "D2-2"),
    ("1a", "1b", "2a", "2b"),
    ("1.1", "1.2", "2.1", "2.2"),
    ("D1_w1", "D1_w2", "D2_w1", "D2_w2"),
]


@pytest.mark.parametrize("names", REPLICATES)
def test_wells_called_donors_are_said(names):
    counts = {name: {"vehicle": (10 + n,), "IL32": (20 + n,)} for n, name in enumerate(names)}
    said = " ".join(compare(table(counts), control="vehicle").warnings)
    assert f"replicates of one donor: '{names[0]}' and '{names[1]}'; '{names[2]}' and '{names[3]}'. If so, give" in said


@pytest.mark.parametrize(
    "names",
    [("HD-01", "HD-02", "HD-03"), ("2024-05-01", "2024-05-08", "2024-06-01", "2024-06-08"), ("P1-24", "P2-24", "P3-25"),
     ("A", "B", "C"), ("D1", "D2", "D3")],
)  # fmt: skip
def test_donors_with_numbers_are_donors(names):
    counts = {name: {"vehicle": (10 + n,), "IL32": (20 + n,)} for n, name in enumerate(names)}
    assert "replicates of one donor" not in " ".join(compare(table(counts), control="vehicle").warnings)


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        (("0.21", "0.01"), ("21 % O2", "1 % O2")),
        (("21", "1"), ("21 % O2", "1 % O2")),
        (("0.2", "0.005"), ("20 % O2", "0.5 % O2")),
    ],
)
def test_shares_of_oxygen_are_percent(levels, shown):
    frame = pd.concat([table(oxygen=level).assign(plate=lambda f, on=level: f["plate"] + on) for level in levels])
    compared = compare(frame, control="vehicle")
    assert {f"IL32, {level}" for level in shown} <= set(compared.table["arm"])
    assert any("share of the air" in text for text in compared.warnings) == (levels[0] != "21")


@pytest.mark.parametrize(("first", "second"), [("24 h", "48 h"), ("24", "48"), ("3 d", "5 d")])
def test_how_long_wells_were_treated_is_not_pooled_in_silence(first, second):
    frame = pd.concat([table(time=first), table(time=second).assign(well=lambda f: "H" + f["well"].str[1:])])
    frame["well"] = [f"A{n}" for n in range(1, len(frame) + 1)]
    assert f"differ in 'time' ({first}, {second}) and are pooled" in " ".join(
        compare(frame, control="vehicle").warnings
    )


def test_areas_with_their_units_are_no_treatment():
    frame = table()
    frame["area_mm2"] = ["2 mm2", "0.02 cm2"] * (len(frame) // 2)
    assert not any("are pooled" in text for text in compare(frame, control="vehicle").warnings)


@pytest.mark.parametrize(
    ("column", "mark"), [("donor", '"'), ("donor", "dito"), ("treatment", "→"), ("treatment", "idem")]
)
def test_ditto_marks_are_no_names(column, mark):
    frame = table()
    frame.loc[3, column] = mark
    assert f"'{mark}' is no {column}, or stands for that of another line" in refusal(frame)
