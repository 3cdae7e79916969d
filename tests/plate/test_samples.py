"""Sample sheets: pictures without wells, from a template to samples."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.sample_template import sample_template, write_sample_template
from osteocount.plate.samples import match_paths, read_samples

DISHES = [
    f"{donor}/{treatment}/img{n}.tif" for donor in ("D1", "D2") for treatment in ("IL-32", "vehicle") for n in (1, 2)
]


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root / "pictures"


def samples(tmp_path, text, names=DISHES, **options):
    sheet = tmp_path / "samples.csv"
    sheet.write_text(text, encoding="utf-8")
    return read_samples(sheet, touch(tmp_path, *names), **options)


def refusal(tmp_path, text, names=DISHES):
    with pytest.raises(OsteoCountError) as refused:
        samples(tmp_path, text, names)
    return str(refused.value)


GLOBS = "file,treatment,dose,donor\n" + "".join(
    f"{d}/{t}/*,{t},{5 if t == 'IL-32' else 0},{d}\n" for d in ("D1", "D2") for t in ("IL-32", "vehicle")
)


def test_globs_join_the_pictures_of_a_sample(tmp_path):
    index, layout = samples(tmp_path, GLOBS)
    assert len(index.entries) == 8
    assert len({entry.well for entry in index.entries}) == len(layout.wells) == 4
    assert set(layout.wells["well"]) == {entry.well for entry in index.entries}
    assert layout.wells["role"].tolist() == ["treatment", "vehicle"] * 2
    assert layout.wells["dose"].tolist() == [5, 0, 5, 0]


@pytest.mark.parametrize("column", ["replicate", "well"])
def test_a_replicate_or_a_well_joins_pictures(tmp_path, column):
    lines = [f"{name},{name.split('/')[1]},{name[:2]},{'A1' if column == 'well' else 1}" for name in DISHES]
    if column == "well":
        lines = [line[:-2] + f"{'AB'[line[1] == '2']}{1 + ('vehicle' in line)}" for line in lines]
    index, layout = samples(tmp_path, f"file,treatment,donor,{column}\n" + "\n".join(lines))
    assert len(layout.wells) == 4
    assert len(index.entries) == 8
    assert (index.entries[0].column is not None) == (column == "well")


def test_without_either_every_picture_is_a_sample(tmp_path):
    lines = [f"{name},{name.split('/')[1]},{name[:2]}" for name in DISHES]
    index, layout = samples(tmp_path, "file,treatment,donor\n" + "\n".join(lines))
    assert len(layout.wells) == len({entry.well for entry in index.entries}) == 8


@pytest.mark.parametrize(
    "written",
    [
        lambda n: n,
        lambda n: n.replace("/", "\\"),
        lambda n: "./" + n,
        lambda n: unicodedata.normalize("NFD", n),
        lambda n: f" {n} ",
    ],
)
def test_paths_as_people_write_them(tmp_path, written):
    names = ["Müller/a.tif", "Müller/b.tif"]
    index, _ = samples(tmp_path, f"file,treatment\n{written(names[0])},vehicle\n{written(names[1])},x\n", names)
    assert [entry.well for entry in index.entries] == ["Müller/a", "Müller/b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,treatment\nD9/*,vehicle\n", "none of the 8 pictures"),
        ("file,treatment\nD1/vehicle/*,vehicle\nD9/*,x\n", "line 3 column 1: no picture fits 'D9/*'"),
        ("file,treatment\nD1/*,vehicle\n*/IL-32/*,x\n", "fits '*/IL-32/*' and 'D1/*', of line 2 column 1"),
        ("file,treatment\nD1/IL-32/img1.tif,x\nD1/IL-32/img1.tif,y\n", "is there already at line 2 column 1"),
        ("file,treatment,replicate\nD1/vehicle/img1.tif,vehicle,1\nD1/vehicle/img2.tif,vehicle,1\n", ""),
        (
            "file,treatment,well\nD1/vehicle/*,vehicle,A1\nD1/IL-32/*,x,A1\n",
            "The sample 'A01' has lines that differ: treatment",
        ),
        (
            "file,treatment,dose\nD1/vehicle/*,vehicle,0\nD1/IL-32/*,x,25-50\n",
            "line 3 column 3: the dose '25-50' is not",
        ),
        ("picture,dose\nD1/vehicle/*,5\n", "No treatments"),
        ("a,b\n1,2\n", "no sample sheet. A column 'file'"),
        ("file,treatment\n,vehicle\nD1/*,x\n", "line 2 column 1: no file is named for this line"),
        ("file,treatment,donor\nD1/*,vehicle,A1\nD2/*,x,\u04101\n", "look alike: are they one or two?"),
    ],
)
def test_problems_name_the_line(tmp_path, text, said):
    if said:
        assert said in refusal(tmp_path, text)
    else:
        assert len(samples(tmp_path, text)[1].wells) == 1


def test_pictures_on_no_line_are_said(tmp_path):
    _, layout = samples(tmp_path, "file,treatment\nD1/vehicle/*,vehicle\nD1/IL-32/*,x\n")
    assert "Pictures that the sample sheet does not name (4): D2/IL-32/img1.tif" in layout.warnings[-1]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_template_corrected_and_read(tmp_path, suffix):
    folder = touch(tmp_path, *DISHES)
    out = tmp_path / f"samples.{suffix}"
    assert write_sample_template(folder, out) == 8
    index, layout = read_samples(out, folder)
    assert len(index.entries) == 8
    assert sorted(set(layout.wells["donor"])) == ["D1", "D2"]
    assert sorted(set(layout.wells["treatment"])) == ["IL-32", "vehicle"]
    with pytest.raises(OsteoCountError, match="exists already"):
        write_sample_template(folder, out)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "Donor3_IL32_25ng_rep2 (1).jpg",
            {"donor": "Donor3", "treatment": "IL32", "dose": "25 ng", "replicate": "rep2"},
        ),
        ("D1/IL-32/img1.tif", {"donor": "D1", "treatment": "IL-32"}),
        ("D2/vehicle/TRAP_10x_003.tif", {"donor": "D2", "treatment": "vehicle"}),
        ("slide1_RANKL_50ng_f2.png", {"replicate": "slide1", "treatment": "RANKL", "dose": "50 ng"}),
        ("mouse 4/EV KO/dish2_1.tif", {"donor": "mouse 4", "treatment": "EV KO", "replicate": "dish2"}),
        ("P3/PBS/a.tif", {"donor": "P3", "treatment": "PBS"}),
        ("D1/RANKL 50.0ng_mL/Bild 1.tif", {"donor": "D1", "treatment": "RANKL", "dose": "50.0 ng/mL"}),
        ("D1/RANKL 25ng_L929/Bild 1.tif", {"donor": "D1", "dose": "25 ng"}),
    ],
)
def test_what_a_name_seems_to_say(tmp_path, name, expected):
    table = sample_template(touch(tmp_path, name, "zz/other.tif")).set_index("file")
    row = table.loc[name]
    assert {key: row[key] for key in expected} == expected


PATTERN = r"(?P<donor>D\d)/(?P<treatment>[^/]+)/img(?P<field>\d+)"


def test_a_pattern_for_paths(tmp_path):
    index, layout = match_paths(touch(tmp_path, *DISHES), PATTERN.replace("(?P<field>", "(?P<replicate>"))
    assert len(layout.wells) == 8
    assert sorted(set(layout.wells["donor"])) == ["D1", "D2"]
    assert len(index.entries) == 8
    assert match_paths(tmp_path, r"(?P<well>[A-H]\d)_f(?P<field>\d)") is None
    with pytest.raises(OsteoCountError, match=r"the pattern does not fit D1/IL-32/img1\.tif"):
        match_paths(tmp_path / "pictures", r"(?P<donor>X)/(?P<treatment>.*)")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("IL-32,25 ng/mL,D1,1", "IL-32,25 ng/mL,D1,01"), ("IL-32,25 ng/mL,D1,1", "il-32,25 ng/mL,d1,1"),
        ("IL-32,25 ng/mL,D1,1", "IL-32,25ng/ml,D1,1"), ("IL-32,25 ng/mL,D1,1", "IL-32,25 ng/mL,D01,1"),
        ("IL-32,25 ng/mL,D1,dish 1", "IL-32,25 ng/mL,D1,Dish 1"),
    ],
)  # fmt: skip
def test_fields_of_a_sample_are_joined_however_it_is_spelled(tmp_path, one, other):
    text = f"file,treatment,dose,donor,replicate\nD1/IL-32/img1.tif,{one}\nD1/IL-32/img2.tif,{other}\n"
    index, layout = samples(tmp_path, text + "D1/vehicle/img1.tif,vehicle,,D1,1\n")
    assert len(layout.wells) == 2
    assert len({entry.well for entry in index.entries}) == 2


def test_a_line_without_a_treatment_is_said(tmp_path):
    _, layout = samples(tmp_path, "file,treatment\nD1/IL-32/img1.tif,\nD1/vehicle/*,vehicle\n")
    assert "line 2 column 1: no treatment; D1/IL-32/img1.tif is counted and in no comparison." in layout.warnings


@pytest.mark.parametrize("column", ["dish", "Slide", "coverslip", "Chamber"])
def test_replicates_under_the_name_of_what_they_are(tmp_path, column):
    _, layout = samples(tmp_path, f"file,treatment,{column}\nD1/IL-32/*,x,1\nD1/vehicle/*,vehicle,2\n")
    assert layout.wells["well"].tolist() == [f"x {column.lower()} 1", f"vehicle {column.lower()} 2"]


@pytest.mark.parametrize(
    "written", ["d1/IL-32/IMG1.tif", "D1/IL-32/img1", "D1\\IL-32\\img1.TIF", "D1/IL-32/img 1.tif", "D1/IL-32/img01.tif"]
)
def test_a_file_under_another_spelling_is_found_and_said(tmp_path, written):
    index, layout = samples(tmp_path, f"file,treatment\n{written},x\nD1/vehicle/*,vehicle\n")
    assert index.entries[0].path.name == "img1.tif"
    assert any("is taken for 'D1/IL-32/img1.tif'" in warning for warning in layout.warnings)


def test_the_template_leaves_out_what_all_pictures_share(tmp_path):
    names = [f"2024-03-01/Patient {n}/{t}/slide 1/a.tif" for n in (4, 5) for t in ("PBS", "RANKL 50 ngml")]
    table = sample_template(touch(tmp_path, *names))
    assert table["treatment"].tolist() == ["PBS", "RANKL"] * 2
    assert table["dose"].tolist() == ["", "50 ng/mL"] * 2


@pytest.mark.parametrize(
    "written",
    ["C:\\Users\\me\\pictures\\{}", "/home/me/pictures/{}", "smb://server/share/pictures/{}", "pictures/{}"],
)
def test_paths_on_another_computer_are_found_by_their_end(tmp_path, written):
    lines = [f"{written.format(name)},{name.split('/')[1]},{name[:2]}" for name in DISHES]
    index, layout = samples(tmp_path, "file,treatment,donor\n" + "\n".join(lines))
    assert len(index.entries) == 8
    assert layout.wells["well"].tolist() == sorted(name.removesuffix(".tif") for name in DISHES)
    assert any("is taken for 'D1/IL-32/img1.tif'" in warning for warning in layout.warnings)


def test_a_name_alone_is_enough_where_it_is_one(tmp_path):
    names = ["a/x1.tif", "b/x2.tif", "b/x3.tif", "c/x3.tif"]
    index, _ = samples(tmp_path, "file,treatment\nx1.tif,vehicle\nx2.tif,x\n", names)
    assert [entry.well for entry in index.entries] == ["a/x1", "b/x2"]
    assert "no picture fits 'x3.tif'" in refusal(tmp_path, "file,treatment\nx1.tif,vehicle\nx3.tif,x\n", names)
    assert "Give their paths below that folder, such as a/x1.tif." in refusal(tmp_path, "file,treatment\nx9,x\n", names)


@pytest.mark.parametrize(
    "heading", ["Datei", "Dateiname", "Fichier", "Archivo", "ファイル名", "Picture:", "Photo", "file path"]
)
def test_the_column_of_files_in_several_languages(tmp_path, heading):
    _, layout = samples(tmp_path, f"{heading},Behandlung\nD1/vehicle/*,Vehikel\nD1/IL-32/*,x\n")
    assert layout.wells["treatment"].tolist() == ["Vehikel", "x"]
