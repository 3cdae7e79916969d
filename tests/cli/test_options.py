"""Settings ↔ options ↔ file: one source, three faces."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.errors import OsteoCountError
from osteocount.io import image_quality
from osteocount.settings import QUALITY_FLAGS, Settings

RUNNER = CliRunner()
SECTIONS = Settings.model_fields
ALL_FIELDS = [(section, name) for section, info in SECTIONS.items() for name in info.annotation.model_fields]


def printed(*arguments):
    done = RUNNER.invoke(app, ["settings", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return Settings.model_validate(tomllib.loads(done.output))


def test_the_printed_file_gives_the_defaults_back():
    assert printed() == Settings()


def test_a_file_that_was_saved_reads_back(tmp_path):
    settings = Settings.model_validate({"count": {"min_nuclei": 4}, "comparison": {"contrasts": ["A / B"]}})
    path = tmp_path / "settings.toml"
    path.write_text(settings.to_toml(), encoding="utf-8")
    assert Settings.from_file(path) == settings


def test_names_are_unique_so_that_every_setting_can_be_an_option():
    names = [name for _, name in ALL_FIELDS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("section", "name"), ALL_FIELDS, ids=lambda text: text)
def test_every_setting_has_words_and_an_option(section, name):
    info = SECTIONS[section].annotation.model_fields[name]
    assert info.title
    assert info.description.endswith((".", "?"))
    help_page = RUNNER.invoke(app, ["settings", "--help"], terminal_width=300, color=False).output
    assert re.search(rf"--{name.replace('_', '-')}\b", help_page)


def test_an_option_wins_over_the_file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("[count]\nmin_nuclei = 4\n[picture]\npixel_size = 0.5\n", encoding="utf-8")
    settings = printed("--settings", str(path), "--min-nuclei", "5")
    assert (settings.count.min_nuclei, settings.picture.pixel_size) == (5, 0.5)


def test_an_option_that_may_be_repeated_is_a_list():
    assert printed("--contrasts", "A / B", "--contrasts", "C / D").comparison.contrasts == ("A / B", "C / D")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[count]\nmin_nuclei = 1\n", "setting count.min_nuclei = 1: it must be at least 2"),
        ("[count]\nmin_nucleii = 3\n", "setting count.min_nucleii = 3: there is no such setting"),
        ("this is prose", "not a settings file"),
        ("[count]\nmin_nuclei = 1\n[segment]\ntrap_threshold = 9\n", "; setting"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "settings.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(OsteoCountError, match=re.escape(message)) as caught:
        Settings.from_file(path)
    assert "settings.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "um"),
    [("0,76", 0.76), ("0.76 um", 0.76), ("0.76µm", 0.76), ("0,76 μm/px", 0.76), ("760 nm", 0.76), ("7.6e-1", 0.76)],
)
def test_a_pixel_size_is_read_as_people_type_it(typed, um):
    assert printed("--pixel-size", typed).picture.pixel_size == pytest.approx(um)


@pytest.mark.parametrize("typed", ["0,7,6", "0.76 inch", "wide", ""])
def test_what_is_no_pixel_size_is_said_in_plain_words(typed):
    done = RUNNER.invoke(app, ["settings", "--pixel-size", typed])
    assert str(done.exception) == f"setting picture.pixel_size = {typed!r}: this is no number"


def test_an_unknown_flag_that_would_exclude_nothing_is_refused(tmp_path):
    done = RUNNER.invoke(app, ["count", str(tmp_path), "--out", str(tmp_path / "o"), "--exclude-flags", "blurry"])
    assert done.exit_code == 1
    said = str(done.exception)
    assert "there is no flag 'blurry'; the flags are out_of_focus, no_detail, saturated" in said
    assert Settings.model_validate({"qc": {"exclude_flags": ["debris"]}}).qc.exclude_flags == ("debris",)


def test_every_flag_of_a_picture_is_known():
    source = Path(image_quality.__file__).read_text(encoding="utf-8")
    flags = set(re.findall(r'"([a-z_]+)", reason', source)) | {"no_well", "no_detail"}
    assert len(flags) == 10
    assert flags <= set(QUALITY_FLAGS)
