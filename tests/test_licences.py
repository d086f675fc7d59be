"""What a server installs may be used under MIT: no licence among it asks for more than its own files back."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")

FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|OFL-1\.1")
# Theirs stay theirs: used as they are, they ask nothing of us but to be named.
THEIR_OWN = {"certifi": "MPL", "psycopg": "LGPL", "psycopg-binary": "LGPL"}


def installed() -> dict[str, str]:
    """Each package of the part of the lock that a server needs, with what it says of its licence."""
    script = [sys.executable, ROOT / "deploy" / "runtime_lock.py", "s3"]
    part = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    found = {}
    for name in set(re.findall(r"^([\w.-]+)==", part, re.MULTILINE)):
        try:
            found[name] = licence(name)
        except PackageNotFoundError:
            continue  # for another system or another Python
    return found


def licence(name: str) -> str:
    told = metadata(name)
    classifiers = [each for each in told.get_all("Classifier") or [] if each.startswith("License ::")]
    return told["License-Expression"] or "; ".join(classifiers) or (told["License"] or "").split("\n")[0]


def test_every_licence_lets_the_whole_be_mit():
    found = installed()
    assert len(found) > 50
    other = {name: words for name, words in found.items() if not FREE.search(words)}
    assert other.keys() == THEIR_OWN.keys(), other
    assert all(re.search(f"{short}|Mozilla", other[name]) for name, short in THEIR_OWN.items())


def test_the_readme_names_those_that_keep_their_own():
    said = README.partition("## Licence")[2]
    assert all(f"{name} ({short}" in said for name, short in THEIR_OWN.items() if "-" not in name)
