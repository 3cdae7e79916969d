"""Wells in names made by hand are asked about, those of instruments read; and the sentences that ask."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from osteocount.plate.index import index_pictures

TABLE = Path(__file__).with_name("file_names.csv")
REPORTED = Path(__file__).parents[3] / "shared" / "cases" / "plates" / "m10_names.txt"


def touch(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def lines(made_by: str) -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [line for line in csv.DictReader(file) if line["made_by"] == made_by]


@pytest.mark.parametrize(("made_by", "most_asked"), [("instrument", 0), ("hand", 1)])
def test_no_name_of_the_table_gives_a_wrong_well(tmp_path, made_by, most_asked):
    asked = 0
    for number, line in enumerate(lines(made_by)):
        names = line["names"].split("|")
        meant = [""] * len(names) if line["wells"] == "none" else line["wells"].split("|")
        folder = touch(tmp_path / str(number), names)
        wells = {entry.path: entry.well for entry in index_pictures(folder).entries}
        read = [wells.get(folder / name, "") for name in names]
        assert all(well in ("", wanted) for well, wanted in zip(read, meant, strict=True)), (line, read)
        asked += read != meant
    assert asked <= most_asked


@pytest.mark.skipif(not REPORTED.exists(), reason="the reported cases are not here")
def test_reported_names_are_asked_about(tmp_path):
    names = REPORTED.read_text(encoding="utf-8").split()
    index = index_pictures(touch(tmp_path / "together", names))
    assert {entry.well for entry in index.entries} == {""}
    assert index.notes[0].startswith("These names may hold wells, or something else: 17b_E2_1 (well E02?)")
    for name in names:
        assert not index_pictures(touch(tmp_path / name[:-4], [name])).entries[0].well


def test_the_table_is_as_large_as_it_says():
    assert len(lines("hand")) >= 70
    assert len(lines("instrument")) >= 83


@pytest.mark.parametrize("letter", "DEFHKMNP")
@pytest.mark.parametrize("form", ["{}{}_1", "{}0{}_1", "EV_{}{}_2", "EV_{}0{}_s1", "2026-01-05_{}{}_1", "x_{}{}_w3"])
def test_letters_of_other_things_are_asked_about(tmp_path, letter, form):
    index = index_pictures(touch(tmp_path, [form.format(letter, n) + ".tif" for n in (1, 2, 3)]))
    assert {entry.well for entry in index.entries} == {""}
    assert "may hold wells, or something else" in index.notes[0]
    wells = {f"{letter}0{n}" for n in (1, 2, 3)}
    assert {e.well for e in index_pictures(tmp_path, known_wells=wells).entries} == wells


def test_one_doubtful_name_does_not_stop_a_folder_without_wells(tmp_path):
    names = [f"Donor3_IL32_25ng_rep{n} (1).jpg" for n in range(1, 5)]
    index = index_pictures(touch(tmp_path, [*names, "EV_E9_3.jpg"]))
    assert [entry.well for entry in index.entries] == [""] * 5


HARMONY = (
    '<EvaluationInputData xmlns="http://www.perkinelmer.com/PEHH/HarmonyV5"><Images>'
    "<Image><URL>{url}</URL><Row>2</Row><Col>3</Col><FieldID>4</FieldID><PlaneID>1</PlaneID><ChannelID>1</ChannelID>"
    "<TimepointID>0</TimepointID></Image></Images></EvaluationInputData>"
)


@pytest.mark.parametrize("index", ["Index.idx.xml", "Index.ref.xml", "Index.xml"])
@pytest.mark.parametrize("url", ["abc-1.tiff", "Images\\abc-1.tiff", "./abc-1.tiff", "http://store/x/abc-1.tiff"])
def test_harmonys_index_places_pictures_whose_names_do_not(tmp_path, index, url):
    touch(tmp_path, ["abc-1.tiff"])
    (tmp_path / index).write_text(HARMONY.format(url=url), encoding="utf-8")
    (entry,) = index_pictures(tmp_path).entries
    assert (entry.well, entry.field, entry.channel, entry.pattern) == ("B03", "4", "1", "Harmony index")


def test_harmonys_index_and_names_that_disagree_are_refused(tmp_path):
    touch(tmp_path, ["r01c01f04p01-ch1sk1fk1fl1.tiff"])
    (tmp_path / "Index.idx.xml").write_text(HARMONY.format(url="r01c01f04p01-ch1sk1fk1fl1.tiff"), encoding="utf-8")
    with pytest.raises(Exception, match="its name says well A01, Harmony's index well B03"):
        index_pictures(tmp_path)


@pytest.mark.parametrize("text", ["<a", "", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_a_damaged_or_hostile_index_is_said_and_names_are_read(tmp_path, text):
    touch(tmp_path, ["r01c01f04p01-ch1sk1fk1fl1.tiff"])
    (tmp_path / "Index.idx.xml").write_text(text, encoding="utf-8")
    index = index_pictures(tmp_path)
    assert index.entries[0].well == "A01"
    assert "cannot be read" in " ".join(index.notes)
