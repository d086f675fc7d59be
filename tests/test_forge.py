"""The files that a forge reads: forms that ask for what there is, and links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FORMS = sorted(
    path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"
)
PAGES = ["CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"]
TYPES = {"textarea", "input", "dropdown", "checkboxes", "markdown"}


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_a_forge_asks_of_it(form):
    told = yaml.safe_load(form.read_text("utf-8"))
    assert told["name"]
    assert told["description"]
    assert {field["type"] for field in told["body"]} <= TYPES
    assert all(field["attributes"]["label"] for field in told["body"])
    ids = [field["id"] for field in told["body"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_to_one(page):
    folder = (ROOT / page).parent
    links = re.findall(r"\]\((?!https?://)([^)#]+)(?:#[\w-]*)?\)", (ROOT / page).read_text("utf-8"))
    assert links
    assert [link for link in links if not (folder / link).exists()] == []
