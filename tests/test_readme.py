"""README, operators' pages and env.example promise nothing that is not there, and leave nothing out."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot import queue
from bot.cli import app
from bot.cli.processes import procfile_commands
from bot.settings import Settings

HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text("utf-8")
DOCS = [*sorted((HERE / "docs" / "operators").glob("*.md")), HERE / "docs" / "dashboard.md"]
TOLD = "\n".join([README, *(page.read_text("utf-8") for page in DOCS)])
ENV_EXAMPLE = (HERE / "deploy" / "env.example").read_text("utf-8")

CODE = re.findall(r"^```sh\n(.*?)^```", TOLD, re.MULTILINE | re.DOTALL)
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", TOLD, flags=re.MULTILINE | re.DOTALL))
LINES = [line.split("  # ")[0].split("    #")[0].strip() for block in CODE for line in block.splitlines()]
SETTINGS_ROW = re.compile(r"^\| `([A-Z_]+)` \| (?:`(.*?)`|-) \| .+ \|$", re.MULTILINE)
MAX_PICTURE_BYTES = 300_000


def commands(name: str) -> list[str]:
    found = {line for line in [*LINES, *INLINE] if line.split()[:1] == [name]}
    assert found, f"the README has no {name} command any more"
    return sorted(found)


def default_of(name: str) -> str:
    """A default as a person writes it into the environment."""
    default = Settings.model_fields[name].default
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
    return str(default)


DEFAULTS = {name.upper(): default_of(name) for name in Settings.model_fields}


def subcommand(words: list[str]) -> tuple[list[str], typer.core.TyperCommand]:
    """The words of the line that name the command, and the command."""
    command, path = typer.main.get_command(app), []
    while words and (below := getattr(command, "commands", {}).get(words[0])):
        command, path, words = below, [*path, words[0]], words[1:]
    return path, command


@pytest.mark.parametrize("line", commands("unroll"))
def test_every_command_of_ours_is_there_with_its_options(line):
    words = shlex.split(line.replace("[", "").replace("]", ""))[1:]
    path, command = subcommand(words)

    assert path or words[0].startswith("-"), f"no command in {line!r}"
    assert CliRunner().invoke(app, [*path, "--help"]).exit_code == 0
    options = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_every_command_of_ours_is_in_the_readme():
    def leaves(command, path):
        below = getattr(command, "commands", None)
        if below is None:
            return {" ".join(["unroll", *path])}
        return set().union(*(leaves(each, [*path, name]) for name, each in below.items()))

    told = {" ".join(["unroll", *subcommand(line.split()[1:])[0]]) for line in commands("unroll")}
    assert leaves(typer.main.get_command(app), []) <= told


@pytest.mark.parametrize("line", commands("make"))
def test_every_target_is_there(line):
    target = line.split()[1]
    done = subprocess.run(["make", "help"], cwd=HERE, capture_output=True, text=True, check=True)
    assert re.search(rf"^make {target} +\S", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("line", commands("celery"))
def test_the_workers_commands_are_the_procfiles(line):
    assert any(line in command for command in procfile_commands().values())


def test_the_readme_lists_every_setting_with_its_default_and_nothing_else():
    assert dict(SETTINGS_ROW.findall(README)) == DEFAULTS


def test_env_example_lists_every_setting_with_its_default_and_one_line():
    told = dict(re.findall(r"^# \S.+\n#([A-Z_]+)=(.*)$", ENV_EXAMPLE, re.MULTILINE))
    assert told == DEFAULTS
    assert set(re.findall(r"^#?([A-Z_]+)=", ENV_EXAMPLE, re.MULTILINE)) == DEFAULTS.keys()


def test_every_setting_named_in_passing_is_one():
    names = {word for word in INLINE if re.fullmatch(r"[A-Z]+_[A-Z_]+", word)}
    of_the_procfile = set(re.findall(r"\$\{(\w+):-", " ".join(procfile_commands().values())))
    assert names <= DEFAULTS.keys() | of_the_procfile


def anchors(page: Path) -> set[str]:
    """What a link to a heading ends with: its words in small letters, with hyphens between."""
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_file_and_picture_is_there_and_small_and_every_heading_that_is_linked():
    linked = [address for address in re.findall(r"\]\(([^)]+)\)", README) if "://" not in address]
    assert linked
    for address in linked:
        name, _, anchor = address.partition("#")
        path = HERE / (name or "README.md")
        assert path.exists(), address
        assert not anchor or anchor in anchors(path), address
        if path.suffix == ".png":
            assert path.stat().st_size < MAX_PICTURE_BYTES, address


def test_every_picture_is_made_by_the_script_and_shown_somewhere():
    script = (HERE / "docs" / "pictures.py").read_text("utf-8")
    made = {
        *re.findall(r'Picture\("([\w-]+)"', script),
        *re.findall(r'^SHEET.* = "([\w-]+)"', script, re.MULTILINE),
    }
    files = {path.stem for path in (HERE / "docs" / "pictures").glob("*.png")}
    pages = [HERE / "README.md", *(HERE / "docs").rglob("*.md")]
    shown = {
        name
        for page in pages
        for name in re.findall(r"\]\([\w/]*pictures/([\w-]+)\.png\)", page.read_text("utf-8"))
    }
    assert made == files == shown


def test_every_part_of_the_house_is_there():
    [drawing] = re.findall(r"^```\n(bot/ .*?)^```", README, re.MULTILINE | re.DOTALL)
    folder = HERE
    for line in drawing.splitlines():
        name = line.split()[0]
        path = (folder if line.startswith(" ") else HERE) / name
        assert path.exists(), name
        if not line.startswith(" "):
            folder = path


def test_every_task_that_the_dashboard_shows_is_explained():
    names = re.findall(r"@app\.task\(name=(\w+)\)", (HERE / "workers" / "tasks.py").read_text("utf-8"))
    assert len(names) >= 4
    page = (HERE / "docs" / "dashboard.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    assert {getattr(queue, name) for name in names} <= set(rows)
