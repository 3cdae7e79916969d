"""The page as a reader, a browser and an attacker see it."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteocount.curate import Edit
from osteocount.errors import OsteoCountError
from osteocount.report import overlays, write_report
from osteocount.settings import Settings
from support import result_folders

ATTACK = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """Text, tags and attributes of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tag."""
        self.text += " " if tag == "span" else ""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Keep cells and blocks apart."""
        self.text += " " if tag in ("td", "th", "div", "span", "strong", "li", "p") else ""

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += "" if self.lasttag == "style" else data

    def names(self) -> set[str]:
        """All tags of the page."""
        return {tag for tag, _ in self.tags}

    def values(self, *names: str) -> list[str]:
        """All values of these attributes."""
        return [value for _, attrs in self.tags for name, value in attrs.items() if name in names and value]


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> Path:
    folder = result_folders.build(tmp_path_factory.mktemp("report") / "IL-32 plate")
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def uncompared(tmp_path_factory) -> Path:
    return result_folders.build(tmp_path_factory.mktemp("report") / "results", layout=False)


@pytest.fixture
def compared_copy(full, tmp_path) -> Path:
    """Copy a folder with a comparison, to be changed."""
    return Path(shutil.copytree(full, tmp_path / "results", ignore=shutil.ignore_patterns("report.html")))


@pytest.fixture
def counted_copy(uncompared, tmp_path) -> Path:
    """Copy a folder without a layout, to be changed."""
    return Path(shutil.copytree(uncompared, tmp_path / "results"))


@pytest.fixture(scope="module")
def page(full) -> Page:
    return Page(full / "report.html")


def edit(folder: Path, **changes) -> None:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | changes))


def edit_wells(folder: Path, rows, **values) -> None:
    wells = pd.read_csv(folder / "wells.csv")
    for name, value in values.items():
        wells[name] = wells[name].astype(object) if name in wells else pd.Series(None, wells.index, dtype=object)
        wells.loc[rows, name] = value
    wells.to_csv(folder / "wells.csv", index=False)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(page):
    assert not page.names() & {"script", "link", "iframe", "object", "embed", "base", "form", "audio", "video"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    addresses = page.values("src", "href", "xlink:href", "srcset", "action", "data")
    assert addresses
    assert all(
        address.startswith(("data:image/jpeg;base64,", "data:image/png;base64,", "#", "overlays/"))
        for address in addresses
    )
    assert all(address.startswith("data:") for address in page.values("src"))
    assert not re.search(r"@import|url\((?!#)", page.source)


def test_a_browser_is_told_to_load_and_run_nothing(page):
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_relative_links_lead_to_files(full, page):
    links = [address for address in page.values("href") if address.startswith("overlays/")]
    assert len(links) == 6
    assert all((full / link).is_file() for link in links)
    assert re.search(r"plate1 A02 field 1 · vehicle · donor D1 · \d+ osteoclasts in the well", page.text)


def test_order_answer_warnings_then_results(page):
    wanted = ["Robust change of osteoclast count", "Read this first", "1 well failed and is in no number below.",
              "Sums over the counted wells of an arm", "Osteoclasts per well",
              "Did the treatment change osteoclast count?",
              "Every well, every donor", "Size of the effects", "All endpoints side by side", "Look for yourself",
              "Methods, to paste", "Provenance Version"]  # fmt: skip
    places = [page.text.index(words) for words in wanted]
    assert places == sorted(places)


def test_a_failed_well_is_named_with_its_reason(page):
    assert "plate1 C04: C04_f1.tif: the file ends early." in page.text
    assert "could not be counted" not in page.text  # the picture of a well already named


def test_every_contrast_is_said_in_words(full, page):
    table = pd.read_csv(full / "comparisons.csv")
    arms = table[(table["kind"] == "arm") & (table["endpoint"] == "osteoclast_count")]
    assert len(arms) == 4
    for row in arms.itertuples():
        number = r"\d+\.?\d*"
        sentence = rf"{re.escape(row.contrast)}: {number} × vehicle \(95 % CI {number} to {number}\), "
        sentence += rf"\d of \d donors (up|down), {row.verdict}"
        assert re.search(sentence, page.text), row.contrast


def test_the_numbers_are_those_of_the_tables(full, page):
    wells = pd.read_csv(full / "wells.csv")
    assert f"{int(wells['n_osteoclasts'].sum())} osteoclasts" in page.text
    assert "19 of 20 wells counted" in page.text
    positive = int(wells.loc[wells["treatment"] == "RANKL", "n_osteoclasts"].sum())
    assert f"RANKL 50 ng/mL 4 4 3.19 {positive} " in page.text


def test_methods_can_be_pasted(page):
    for words in (
        "TRAP-stained cultures were analysed from 19 brightfield pictures of 19 wells at 0.76 µm per pixel "
        "(pixel size: given by the user) with OsteoCount 0.1.0.",
        "A cell was TRAP-positive when its mean TRAP optical density exceeded 0.08, and an osteoclast when it also had "
        "at least 3 nuclei.",
        "The ratio of EV wild type to EV knock-out was one further contrast of the same model.",
        "each arm was compared with vehicle (donor as the unit of replication, n = 3; least squares on donor × arm",
    ):
        assert words in page.text


def test_ids_are_unique_and_every_reference_has_its_target(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    drawings = [tag for tag, _ in page.tags if tag == "svg"]
    assert len(drawings) == 3
    references = re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", page.source)
    assert references
    assert {first or second for first, second in references} <= set(ids)


def test_the_same_folder_gives_the_same_bytes(full):
    first = (full / "report.html").read_bytes()
    assert write_report(full).read_bytes() == first


def test_a_given_comparison_gives_the_same_page(full):
    from osteocount.report.results import read_results
    from osteocount.stats import compare

    first = (full / "report.html").read_bytes()
    assert write_report(full, compare(read_results(full).wells)).read_bytes() == first


def test_hostile_names_stay_text(compared_copy):
    wells = pd.read_csv(compared_copy / "wells.csv")
    wells["treatment"] = wells["treatment"].replace({"rhIL-32": ATTACK})
    wells["donor"] = wells["donor"] + ATTACK
    wells[ATTACK] = ATTACK
    wells.to_csv(compared_copy / "wells.csv", index=False)
    warnings = result_folders.write_comparison(compared_copy, wells)
    record = json.loads((compared_copy / "run.json").read_text())
    for entry in record["inputs"]:
        entry |= {"image": ATTACK, "axes": ATTACK, "warnings": [ATTACK], "record": {ATTACK: ATTACK}, "regime": ATTACK}
    everything = dict.fromkeys(("command", "osteocount", "layout"), ATTACK) | {"libraries": {ATTACK: ATTACK}}
    everything |= {"settings": {ATTACK: ATTACK, "segment": {ATTACK: ATTACK}}, "warnings": [*warnings, ATTACK]}
    edit(compared_copy, inputs=record["inputs"], **everything)
    name = 'x" onerror="alert(1).png'
    result_folders.draw_overlay(np.random.default_rng(0), compared_copy / "overlays" / name)
    page = Page(write_report(compared_copy))
    assert "script" not in page.names()
    assert "<script" not in page.source
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert ATTACK in page.text


def test_a_name_with_broken_mathematics_costs_a_figure_not_the_report(compared_copy):
    edit_wells(compared_copy, pd.read_csv(compared_copy / "wells.csv")["treatment"] == "rhIL-32", treatment=r"$\frac$")
    result_folders.write_comparison(compared_copy, pd.read_csv(compared_copy / "wells.csv"))
    page = Page(write_report(compared_copy))
    assert r"$\frac$ 25 ng/mL: " in page.text


def test_without_a_layout_there_is_no_comparison_and_the_page_says_what_makes_one(counted_copy):
    page = Page(write_report(counted_copy))
    assert "No comparison of treatments was made." in page.text
    assert "A layout with treatment, donor and control makes one" in page.text
    assert "robust" not in page.text
    assert "was compared with" not in page.text
    assert [tag for tag, _ in page.tags].count("svg") == 1


def test_a_refused_comparison_is_a_problem_said_first(compared_copy):
    (compared_copy / "comparisons.csv").write_text(
        (compared_copy / "comparisons.csv").read_text().splitlines()[0] + "\n"
    )
    edit(compared_copy, warnings=["No comparison: No control: no well has the role 'vehicle'."])
    page = Page(write_report(compared_copy))
    assert "Problem No comparison: No control: no well has the role 'vehicle'." in page.text
    assert "The warnings above say why." in page.text


def one_donor(wells: pd.DataFrame) -> pd.DataFrame:
    return wells.assign(donor="D1")


def two_donors(wells: pd.DataFrame) -> pd.DataFrame:
    return wells[wells["donor"].isin(["D1", "D2"])]


def empty_control(wells: pd.DataFrame) -> pd.DataFrame:
    wells.loc[(wells["treatment"] == "vehicle") & (wells["status"] == "ok"), "n_osteoclasts"] = 0
    return wells


@pytest.mark.parametrize(
    ("change", "answer", "first"),
    [
        (
            one_donor,
            "Within one donor only (n = 1), not tested, osteoclast count: ",
            "Problem One donor only: there is no",
        ),
        (two_donors, "Exploratory only (too few donors): ", "Caution Two donors: everything is exploratory"),
        (
            empty_control,
            "Could not be tested: EV IL-32 KO 5 µL, EV wild type 5 µL, RANKL 50 ng/mL and rhIL-32 25 ng/mL.",
            "Problem 4 contrasts of the primary endpoint could not be tested.",
        ),
    ],
)
def test_what_the_design_does_not_allow_is_not_claimed(compared_copy, change, answer, first):
    wells = change(pd.read_csv(compared_copy / "wells.csv"))
    wells.to_csv(compared_copy / "wells.csv", index=False)
    edit(compared_copy, warnings=result_folders.write_comparison(compared_copy, wells))
    page = Page(write_report(compared_copy))
    assert answer in page.text
    assert first in page.text
    assert page.text.index(first) < page.text.index("What was counted")
    claims = page.text[: page.text.index("Read this first")].split(". ")
    assert not [claim for claim in claims if "RANKL" in claim and re.search("Robust|Indicated", claim)]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("no_picture", "no picture was found", "Caution 1 well in the layout, but without a picture."),
        ("not_in_layout", "not named", "Caution 1 well with a picture, but not in the layout: counted, not compared."),
        ("excluded", "bubble", "Note 1 well excluded."),
        ("incomplete", "1 of 2 fields failed", "Caution 1 well counted from some of their pictures only."),
        ("failed", None, "Problem 1 well failed and is in no number below."),
    ],
)
def test_every_well_that_is_not_done_is_named(counted_copy, status, reason, words):
    edit_wells(
        counted_copy, pd.read_csv(counted_copy / "wells.csv")["status"] == "failed", status=status, status_reason=reason
    )
    edit(counted_copy, failed=[])
    text = Page(write_report(counted_copy)).text
    assert words in text
    assert f"plate1 C04: {reason or 'no reason was recorded'}" in text


def test_warnings_of_pictures_are_said_once_with_their_pictures(counted_copy):
    inputs = json.loads((counted_copy / "run.json").read_text())["inputs"]
    for entry in inputs[:2]:
        entry |= {"warnings": ["the focus is poor."], "qc_flags": ["focus"]}
    edit(counted_copy, inputs=inputs, warnings=["2 of 19 pictures: the focus is poor."])
    edit_wells(
        counted_copy, pd.read_csv(counted_copy / "wells.csv")["well"].isin(["A01", "B05"]), qc_flags="focus;edge_light"
    )
    text = Page(write_report(counted_copy)).text
    names = [entry["image"] for entry in inputs[:2]]
    assert f"Caution The focus is poor. {' '.join(names)}" in text
    assert text.lower().count("the focus is poor.") == 1
    assert "Caution Quality flag “edge light” on 2 wells. plate1 A01 plate1 B05" in text
    assert "Quality flag “focus”" not in text


def test_many_borderline_cells_are_a_caution_with_both_totals(counted_copy):
    cells = pd.read_csv(counted_copy / "cells.csv")
    unsure = cells["n_nuclei"] == 3
    cells.loc[unsure, ["n_nuclei_low", "n_nuclei_high"]] = [2, 4]
    cells["flags"] = np.where(unsure, "borderline", "")
    cells.head(60).to_csv(counted_copy / "cells.csv", index=False)
    shown = cells.head(60)
    low, high = (int((shown[name] >= 3).sum()) for name in ("n_nuclei_low", "n_nuclei_high"))
    n, total = int(unsure.head(60).sum()), int(shown["is_osteoclast"].sum())
    assert 0 < 0.1 * total < n
    words = f"{n} cell{'s are' if n > 1 else ' is'} borderline, against {total} osteoclasts"
    text = Page(write_report(counted_copy)).text
    assert words in text
    assert f"If all fell on one side the total would be {low} or {high}." in text


def test_corrections_by_a_person_are_said(counted_copy):
    said = [
        Edit(who="Ada", when="2026-11-03T09:00:00Z", kind="add_nucleus", image="a", points=[(1, n)]) for n in range(3)
    ]
    said.append(Edit(who="Ada", when="2026-11-03T09:01:00Z", kind="undo", image="a", of=said[0].id))
    lines = "".join(f"{edit.model_dump_json()}\n" for edit in said)
    (counted_copy / "edits.jsonl").write_text(lines, encoding="utf-8")
    text = Page(write_report(counted_copy)).text
    assert "Note A person corrected this result: 2 edits in edits.jsonl" in text
    assert "A person corrected the automatic result (2 logged edits)." in text


def test_unresolved_nuclei_are_said_and_never_counted(tmp_path):
    page = Page(write_report(result_folders.build(tmp_path / "results", resolved=False, um=None)))
    assert "Osteoclasts were called by their size where nuclei could not be seen." in page.text
    assert "Problem Nuclei could not be seen in every picture." in page.text
    assert "no nucleus was counted, and the columns for nuclei are empty" in page.text
    assert "Nuclei were not resolved; there, osteoclasts were called by size and TRAP." in page.text
    assert "The pixel size is unknown for every picture (the file names none)." in page.text
    assert "of unknown pixel size" in page.text
    assert "Fusion index" not in page.text
    assert re.search(r"– ?nuclei in them", page.text)


def test_no_warning_is_said_too(counted_copy):
    wells = pd.read_csv(counted_copy / "wells.csv")
    wells[wells["status"] == "ok"].to_csv(counted_copy / "wells.csv", index=False)
    edit(counted_copy, failed=[])
    assert "No warning Every well was counted, and no check raised a flag." in Page(write_report(counted_copy)).text


def test_changed_settings_stand_out(tmp_path):
    changed = Settings.model_validate({"segment": {"trap_threshold": 0.3}, "count": {"min_nuclei": 4}})
    page = Page(write_report(result_folders.build(tmp_path / "results", layout=False, settings=changed.model_dump())))
    assert "Settings changed from their defaults: TRAP threshold 0.3 OD (default 0.08)" in page.text
    assert "Nuclei in an osteoclast 4 (default 3)" in page.text
    assert "All settings are the defaults." not in page.text


def test_a_big_plate_shows_some_overlays_and_links_the_rest(counted_copy, monkeypatch):
    monkeypatch.setattr(overlays, "MAX_THUMBNAILS", 2)
    monkeypatch.setattr("osteocount.report.write.MAX_THUMBNAILS", 2)
    (counted_copy / "overlays" / "broken.png").write_bytes(b"not a picture")
    page = Page(write_report(counted_copy))
    assert len(page.values("src")) == 2
    assert "2 of 7 are shown, spread over the wells; the others are linked." in page.text
    assert sum(link.startswith("overlays/") for link in page.values("href")) == 7


def test_an_overlay_that_cannot_be_read_is_linked_and_said(counted_copy):
    (counted_copy / "overlays" / "broken.png").write_bytes(b"not a picture")
    assert "broken.png broken (cannot be read)" in Page(write_report(counted_copy)).text


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("wells.csv", None, "wells.csv is missing."),
        ("cells.csv", "a,b\n1,2\n", "cells.csv lacks the columns plate, well, image, is_osteoclast, counted."),
        ("run.json", None, "run.json is missing."),
        ("run.json", "{", "run.json is not a run record (Invalid JSON"),
        ("run.json", '{"inputs": [{"image": 3}]}', "run.json is not a run record (inputs.0.image: "),
        ("comparisons.csv", "", "comparisons.csv is not a table ("),
    ],
)
def test_a_damaged_folder_is_refused_with_the_cure(counted_copy, file, content, message):
    if content is None:
        (counted_copy / file).unlink()
    else:
        (counted_copy / file).write_text(content)
    with pytest.raises(OsteoCountError) as caught:
        write_report(counted_copy)
    assert message in str(caught.value)
    assert str(caught.value).endswith(
        "Give the folder that `osteocount run` or `osteocount count` wrote, complete and unedited."
    )
    assert not (counted_copy / "report.html").exists()
