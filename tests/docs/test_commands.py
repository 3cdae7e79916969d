"""Every command in README and guide, word for word, in a folder that holds the files they name."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.segment.backends.description import InputDescription, OnnxDescription

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(?:sh|bash|powershell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\|[^|]*\| `(osteocount [^`]+)` \|$", re.MULTILINE)
ANY_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`osteocount ([^`]+)`")
PROMPT = re.compile(r"^[\s$>]*(osteocount .*)", re.MULTILINE)

# What is only parsed here, and why.
NOT_RUN = {
    "osteocount gui": "opens a window; tests/napari does",
    "osteocount demo": "counts the whole sample plate; the continuous integration does",
    "osteocount simulate plate": "makes the plate of this test too, smaller",
    "--workers": "starts processes; tests/pipeline/test_workers.py does",
    "--scheduler": "needs a cluster; tests/pipeline/test_cluster.py does",
    "--segmenter cellpose": "needs a library and weights; tests/segment/backends does",
    "--segmenter stardist": "needs a library and weights; tests/segment/backends does",
    "--segmenter onnx": "needs a model; tests/segment/backends does",
    "osteocount finetune": "learns for minutes; tests/finetune does",
    "--model": "needs a network of a lab; tests/finetune does",
    "--classifier": "needs a classifier; tests/pipeline/test_corrections.py does",
}
# What the small plate of this test cannot give; the command says so.
REFUSED = {
    "osteocount train": "at least 10 of each",
    "osteocount reviewers": "second",
}
# Programs that are not ours; make, pip and the files they name are checked below.
OTHERS = {
    "pip", "uv", "conda", "py", "python", "python3", "source", "&", "sudo", "git", "cd", "make", "docker", "dask",
    "xvfb-run", "pre-commit", ".venv/bin/python",
}  # fmt: skip


def lines_of(page: Path) -> list[str]:
    """All commands of a page in their order, continued lines joined."""
    text = page.read_text(encoding="utf-8")
    found = [(match.start(), match[1].replace("\\\n", " ")) for match in FENCE.finditer(text)]
    found += [(match.start(), match[1]) for match in ROW.finditer(text)]
    lines = [line.strip() for _, block in sorted(found) for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Path:
    """A folder with what the pages name: a plate, dishes, an export, tables."""
    lab = tmp_path_factory.mktemp("lab")
    size = "--donors 2 --wells 2 --fields 1 --width 240 --height 180"
    done(f"simulate plate --out {lab}/plate {size}")
    layout = pd.read_csv(lab / "plate" / "layout.csv")
    arms = layout["treatment"].isin(("vehicle", "RANKL", "rhIL-32"))
    for well in layout.loc[~arms, "well"]:
        (lab / "plate" / f"{well}_f1.tif").unlink()
    layout[arms].to_csv(lab / "plate" / "layout.csv", index=False)
    truth = pd.read_csv(lab / "plate" / "truth" / "wells.csv")
    layout = layout[arms]
    picture, *others = sorted((lab / "plate").glob("*.tif"))
    for donor in ("D1", "D2", "D3"):
        for treatment in ("vehicle", "IL-32"):
            (lab / "dishes" / donor / treatment).mkdir(parents=True)
            shutil.copy(others.pop(), lab / "dishes" / donor / treatment / "img1.tif")
    for name in ("picture.tif", "whole_well.tif"):
        shutil.copy(picture, lab / name)
    (lab / "annotations").mkdir()
    (lab / "my_pictures").mkdir()
    for cells in (lab / "plate" / "truth").glob("*_cells.tif"):
        if (counted := lab / "plate" / cells.name.replace("_cells", "")).is_file():
            shutil.copy(cells, lab / "annotations")
            shutil.copy(counted, lab / "my_pictures")
    wells = layout["well"].tolist()
    values = np.random.default_rng(1).uniform(0.2, 1.2, len(wells)).round(3)
    (lab / "export.txt").write_text(
        "Well\tAbs 405\n" + "".join(f"{well}\t{value}\n" for well, value in zip(wells, values, strict=True))
    )
    count = next(name for name in truth.columns if name.startswith("n_osteoclasts"))
    truth.rename(columns={count: "count"})[["well", "count"]].to_csv(lab / "manual.csv", index=False)
    table = layout.merge(truth[["well", count]], on="well").rename(columns={count: "count"})
    table.assign(area_mm2=0.044).drop(columns="role").to_csv(lab / "table.csv", index=False)
    done(f"run {lab}/plate --layout {lab}/plate/layout.csv --out {lab}/results --quiet")
    return lab


def done(command: str) -> None:
    """Carry out a command that has to succeed."""
    ended = CliRunner().invoke(app, shlex.split(command))
    assert ended.exit_code == 0, ended.output


@pytest.fixture(scope="session")
def carried_out() -> set[str]:
    """Commands that an earlier page has had carried out in the same folder: they are not repeated."""
    return set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_do_what_they_say(page, lab, carried_out, monkeypatch):
    monkeypatch.chdir(lab)
    for line in lines_of(page):
        words = shlex.split(line, comments=True)
        if words[0] != "osteocount" or shlex.join(words) in carried_out:
            continue
        if any(part in line for part in NOT_RUN):
            assert parses(words[1:]), line
            continue
        out = Path(words[words.index("--out") + 1]) if "--out" in words else None
        if out and out.is_dir() and not {"--resume", "--overwrite"} & {*words}:
            shutil.rmtree(out)
        into = words[words.index(">") + 1] if ">" in words else None
        ended = CliRunner().invoke(app, words[1 : words.index(">")] if into else words[1:])
        carried_out.add(shlex.join(words))
        said = f"{line}\n{ended.output}\n{ended.exception}"
        refusal = next((text for command, text in REFUSED.items() if line.startswith(command)), None)
        if refusal:
            assert ended.exit_code == 1, said
            assert refusal in said.split("\n", 1)[1], said
            continue
        assert ended.exit_code == 0, said
        if into:
            Path(into).write_bytes(ended.stdout_bytes)
        assert out is None or out.exists(), said


def parses(arguments: list[str]) -> bool:
    """Whether the program has such a command with such options; it is not carried out."""
    command, rest = found_command(arguments)
    return command.make_context("osteocount", rest, resilient_parsing=False) is not None


def found_command(words: list[str]):
    """The command that these words name, and the words behind its name."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        command = command.commands[name]
    return command, list(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_command_stands_where_it_would_not_be_run(page):
    seen = set(lines_of(page))
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    assert [line for line in PROMPT.findall(text) if line.strip() not in seen] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_named_in_sentences_exist(page):
    for said in SPAN.findall(ANY_FENCE.sub("", page.read_text(encoding="utf-8"))):
        command, rest = found_command(said.split())
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        named = {word for word in rest if word.startswith("--")} - {"--help", "--version"}
        assert named <= options, f"{page.name}: {said}"


def blocks_of(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page, "python")], ids=lambda page: page.name)
def test_python_of_a_page_runs(page, lab, tmp_path, monkeypatch):
    monkeypatch.chdir(lab)
    given = {"wells": pd.read_csv("table.csv"), "path": sorted((lab / "plate").glob("*.tif"))[0]}
    for number, block in enumerate(blocks_of(page, "python")):
        script = tmp_path / f"block_{number}.py"
        script.write_text(block, encoding="utf-8")
        if "SLURMCluster" in block:  # needs a SLURM; that it is Python is all that can be said here
            compile(block, script.name, "exec")
            continue
        runpy.run_path(str(script), init_globals=given)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page, "toml")], ids=lambda page: page.name)
def test_descriptions_of_networks_are_understood(page):
    for block in blocks_of(page, "toml"):
        told = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", block, flags=re.MULTILINE))
        (OnnxDescription if "outputs" in told else InputDescription).model_validate(told)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_other_commands_name_what_there_is(page):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for line in lines_of(page):
        words = shlex.split(line.replace("$HOME\\", "$HOME/"), comments=True)
        assert words[0] in {*OTHERS, "osteocount"}, f"{page.name}: {line}"
        if words[0] == "make":
            assert words[1] in targets, line
        for extras in re.findall(r"osteocount\[([a-z,]+)\]", line):
            assert set(extras.split(",")) <= set(project["optional-dependencies"]), line
        for word in words:
            if word.startswith(("tests/", "benchmarks/", "scripts/", "training/")):
                assert (ROOT / word).exists(), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    home = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Homepage"]
    for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        if link.startswith(f"{home}/blob/main/"):
            target = ROOT / link.removeprefix(f"{home}/blob/main/")
        elif link.startswith(f"{home.replace('github.com', 'raw.githubusercontent.com')}/main/"):
            target = ROOT / link.split("/main/", 1)[1]
        elif "://" in link:
            assert "github.com/osteocount" not in link or link.startswith(home), link
            continue
        else:
            assert page.name != "README.md", f"PyPI does not know what {link} is relative to"
            target = page.parent / link
        assert target.exists(), f"{page.name}: {link}"


def test_options_named_in_sentences_exist():
    known = set()
    for command in walk(typer.main.get_command(app)):
        known |= {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    foreign = {"--upgrade", "--resume", "--group", "--editable", "--host", "--nthreads", "--warned"}
    for page in PAGES:
        for option in re.findall(r"`(--[a-z][a-z-]*)", page.read_text(encoding="utf-8")):
            assert option in known | foreign, f"{page.name}: {option}"


def walk(command):
    """All commands below one."""
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from walk(below)


def test_the_conda_recipe_asks_for_what_the_package_asks_for():
    recipe = (ROOT / "packaging" / "conda-forge" / "recipe.yaml").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {
        re.sub(r"\[.*?\]", "", each).replace("opencv-python-headless", "py-opencv") for each in project["dependencies"]
    }
    section = recipe.split("  run:\n", 1)[1].split("  run_constraints", 1)[0]
    listed = {
        line.strip("- ").replace(" ", "") for line in section.splitlines() if "python_min" not in line and line.strip()
    }
    assert listed == asked
    assert f'version: "{project["version"]}"' in recipe


def test_version_of_the_citation_and_the_changelog():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(version)} ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
