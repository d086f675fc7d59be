"""Every reason that the bot gives is told in plain words."""

import re
from pathlib import Path

from reader.reasons import REASONS

BOT = Path(__file__).parents[2] / "bot"
RAISED = r"(?:Permanent|Transient|Misconfigured|Refusal|reason=|return)"
GIVEN = re.compile(RAISED + r'\(?\s*"([a-z]+(?:-[a-z]+)+|repost|negated)"')
NOT_OF_JOBS = {"media-host", "media-gone", "media-unreachable", "media-too-large", "media-unreadable"}

# Letters, files, videos and what the operator does about push have reasons too, and no page of a request.
ELSEWHERE = {
    *("mail.py", "rules/letters.py", "flows/letters.py", "store/letters.py", "store/exports.py"),
    *("flows/push.py", "x/stream.py", "flows/illustrate.py"),
}


def of_jobs() -> list[Path]:
    return [path for path in BOT.rglob("*.py") if path.relative_to(BOT).as_posix() not in ELSEWHERE]


def test_what_is_left_out_is_there():
    assert all((BOT / name).is_file() for name in ELSEWHERE)


def test_every_reason_in_the_code_has_its_sentence():
    given = {word for path in of_jobs() for word in GIVEN.findall(path.read_text())} - NOT_OF_JOBS
    assert len(given) > 15, "the search does not find what it should"
    assert given - REASONS.keys() == set()
