"""Every reason that the bot gives is told in plain words."""

import re
from pathlib import Path

from reader.reasons import REASONS

BOT = Path(__file__).parents[2] / "bot"
RAISED = r"(?:Permanent|Transient|Misconfigured|Refusal|reason=|return)"
GIVEN = re.compile(RAISED + r'\(?\s*"([a-z]+(?:-[a-z]+)+|repost|negated)"')
NOT_OF_JOBS = {"media-host", "media-gone", "media-unreachable", "media-too-large", "media-unreadable"}


def test_every_reason_in_the_code_has_its_sentence():
    given = {word for path in BOT.rglob("*.py") for word in GIVEN.findall(path.read_text())} - NOT_OF_JOBS
    assert len(given) > 15, "the search does not find what it should"
    assert given - REASONS.keys() == set()
