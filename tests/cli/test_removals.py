"""`unroll removals`: counts by day and reason, and no words."""

from datetime import UTC, datetime, timedelta

from bot.store import open_store
from bot.store.models import RemovalRow


def removed(shell, *reasons: str, ago: timedelta = timedelta(0)) -> str:
    """Writes these removals down, each of another post of one author; the UTC day."""
    at = datetime.now(UTC) - ago
    store = open_store(f"sqlite:///{shell.folder}/var/unroll.db")
    with store.database.write() as session:
        session.add_all(
            RemovalRow(post_id=n, author_id=7, reason=reason, removed_at=at)
            for n, reason in enumerate(reasons)
        )
    store.close()
    return str(at.date())


def test_they_are_counted_by_day_and_reason(shell):
    before = removed(shell, "protected", ago=timedelta(days=3))
    today = removed(shell, "deleted", "edited", "deleted")
    assert shell.unroll("removals", "--json").document == [
        {"day": today, "reason": "deleted", "posts": 2, "authors": 1},
        {"day": today, "reason": "edited", "posts": 1, "authors": 1},
        {"day": before, "reason": "protected", "posts": 1, "authors": 1},
    ]
    assert len(shell.unroll("removals", "--days", "2", "--json").document) == 2


def test_people_get_a_table(shell):
    day = removed(shell, "deleted")
    said = shell.unroll("removals")
    assert said.status == 0
    assert day in said.out
    assert "deleted" in said.out


def test_where_nothing_went_nothing_is_said(shell):
    assert shell.unroll("removals", "--json").document == []
