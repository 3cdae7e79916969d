"""Commands about plates: reader, layout, plate preview."""

import pandas as pd

from support.commands import refused, run


def test_reader_lists_blocks_and_writes_a_tidy_table(tmp_path):
    lines = ["450 nm", "\t" + "\t".join(map(str, range(1, 13)))]
    lines += [row + "\t" + "\t".join(f"0,{n:02d}" for n in range(1, 13)) for row in "ABCDEFGH"]
    lines[2] = lines[2].replace("0,03", "OVRFLW")
    export = tmp_path / "export.txt"
    export.write_text("\n".join(lines), encoding="utf-16")
    assert run("reader", export, "--out", tmp_path / "tidy.csv").exit_code == 0
    tidy = pd.read_csv(tmp_path / "tidy.csv").set_index("well")
    assert tidy.columns.tolist() == ["block", "value", "wavelength_nm", "flag"]
    assert tidy.loc["A1", "value"] == 0.01
    assert pd.isna(tidy.loc["A3", "value"])
    assert tidy.loc["A3", "flag"] == "overflow"
    assert (tidy["wavelength_nm"] == 450).all()


def test_a_layout_template_is_written_once_and_checked(tmp_path):
    path = tmp_path / "layout.xlsx"
    assert run("layout", "template", path, "--wells", 24, "--variables", "treatment,donor").exit_code == 0
    assert "exists already" in refused("layout", "template", path)
    assert "layout.xlsx" in refused("layout", "check", path)


def test_plate_preview_shows_wells_before_anything_is_counted(tmp_path):
    for name in ("A01_f1.tif", "A02_f1.tif"):
        (tmp_path / name).write_bytes(b"")
    done = run("plate", "preview", tmp_path, "--csv", tmp_path / "preview.csv")
    assert done.exit_code == 0
    preview = pd.read_csv(tmp_path / "preview.csv")
    assert preview["well"].tolist() == ["A01", "A02"]
    assert list(preview.columns) == [
        "file",
        "plate",
        "well",
        "row",
        "column",
        "field",
        "channel",
        "z",
        "time",
        "pattern",
    ]


def test_layout_check_shows_the_plate_and_every_problem(tmp_path):
    path = tmp_path / "layout.csv"
    path.write_text("well,treatment,donor,role\nA01,vehicle,1,vehicle\nB13,EV,1,treatment\nA01,EV,2,treatment\n")
    said = refused("layout", "check", path, "--wells", 96)
    assert "B13" in said
    assert "A01" in said


def test_preview_of_a_large_plate_is_summed_up(tmp_path):
    wells = [f"{row}{column:02d}" for row in "ABCDEFGH" for column in range(1, 13)]
    for well in wells:
        (tmp_path / f"P1_{well}_s1_w1.TIF").touch()
    (tmp_path / "tray.jpg").write_bytes(b"\xff\xd8\xff")
    done = run("plate", "preview", tmp_path)
    assert done.exit_code == 0
    assert "96 (A01 to H12)" in done.stdout
    assert "P1_A01_s1_w1.TIF" not in done.stdout
    assert "did not fit (1): tray.jpg" in done.stderr
    assert "P1_A01_s1_w1" in run("plate", "preview", tmp_path, "--all").stdout


def test_reader_numbers_its_blocks(tmp_path):
    lines = [",".join(["", *map(str, range(1, 13))])] + [
        ",".join([row, *(f"0.{n:03d}" for n in range(100, 112))]) for row in "ABCDEFGH"
    ]
    grid = "\n".join(lines)
    (tmp_path / "two.csv").write_text(f"Raw Data (450)\n{grid}\n\nRaw Data (620)\n{grid}\n")
    said = run("reader", tmp_path / "two.csv").stderr
    assert "block 1: Raw Data (450)" in said
    assert "block 2: Raw Data (620)" in said
    assert "96 of 96 wells have a value" in said


def test_layout_check_draws_the_plate_within_a_terminal(tmp_path):
    (tmp_path / "layout.csv").write_text("well,treatment,donor,role\nA01,vehicle,a,vehicle\nB02,drug,a,treatment\n")
    said = run("layout", "check", tmp_path / "layout.csv", "--wells", 384).stdout.splitlines()
    drawn = [line.split() for line in said if line[:1].isalpha()]
    assert [row[0] for row in drawn[:16]] == list("ABCDEFGHIJKLMNOP")
    assert drawn[0][1:4] == ["a", "·", "·"]
    assert drawn[1][1:4] == ["·", "b", "·"]
    assert max(map(len, said)) <= 80
    assert "  a  vehicle · a · vehicle" in "\n".join(said)
    assert "  b  drug · a · treatment" in "\n".join(said)


def test_a_sample_sheet_is_written_once_and_checked(tmp_path):
    folder = tmp_path / "pictures"
    for donor in ("D1", "D2"):
        for treatment in ("vehicle", "IL-32"):
            (folder / donor / treatment).mkdir(parents=True)
            (folder / donor / treatment / "img1.tif").write_bytes(b"")
    sheet = tmp_path / "samples.csv"
    assert run("samples", "template", folder, "--out", sheet).exit_code == 0
    assert pd.read_csv(sheet)["file"].tolist() == [
        "D1/IL-32/img1.tif", "D1/vehicle/img1.tif", "D2/IL-32/img1.tif", "D2/vehicle/img1.tif",
    ]  # fmt: skip
    assert "exists already" in refused("samples", "template", folder, "--out", sheet)
    printed = run("samples", "check", sheet, folder).output
    assert all(text in printed for text in ("D1/IL-32", "vehicle", "D2"))
    sheet.write_text("file,treatment\nD1/*,vehicle\nD9/*,x\n", encoding="utf-8")
    assert "line 3 column 1: no picture fits 'D9/*'" in refused("samples", "check", sheet, folder)


def test_the_treatment_column_of_a_layout_is_chosen(tmp_path):
    path = tmp_path / "layout.csv"
    path.write_text("well,group\nA1,vehicle\nA2,IL-32\n", encoding="utf-8")
    assert "If one of group is the treatment, say so (--treatment-column)" in refused("layout", "check", path)
    assert run("layout", "check", path, "--treatment-column", "group").exit_code == 0
