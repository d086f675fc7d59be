"""Everything moves from one kind of database into the other: nothing is lost, nobody is answered twice."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain import Goal
from bot.errors import DatabaseAway
from bot.rules.listing import Listing
from bot.rules.words import question
from bot.settings import BadSettings
from bot.store import open_store
from bot.store.backup import backup, restore
from bot.store.moving import MoveFailed, count, move
from tests.store.conftest import NOW, opened
from tests.store.oddities import everything, fill

WAYS = [("sqlite", "postgres"), ("postgres", "sqlite")]
A_MINUTE = timedelta(seconds=61)


@pytest.fixture(params=[pytest.param(way, marks=pytest.mark.postgres) for way in WAYS], ids="-to-".join)
def addresses(request):
    """Of two empty databases."""
    old, new = (request.getfixturevalue(f"{kind}_databases") for kind in request.param)
    with old.fresh() as source, new.fresh() as target:
        yield source, target


@pytest.fixture
def stores(addresses):
    with opened(addresses[0]) as old, opened(addresses[1]) as new:
        yield old, new


def moved(old, new, now=NOW, told=lambda _table, _rows: None):
    return move(old.database, new.database, now=now, told=told)


def ask(house, *names, under, **more):
    return [house.world.mention(name, under=under, **more) for name in names]


def test_a_bot_that_moves_goes_on_where_it_was(addresses, build, world):
    house = build(database_url=addresses[0])
    posts = world.thread(
        "ada", ["Lamps want oil. #Sea", "And somebody awake.", "À bientôt 🌊"], ago=A_MINUTE * 60
    )
    answered = house.ask(posts[0], by="answered")
    [stopped] = ask(house, "tired", under=posts[0], text="@unrollbot stop")
    house.run()
    [doubtful] = ask(house, "doubtful", under=posts[1])
    world.faults.drop_answer_of("POST /2/tweets")
    house.poll()
    house.work()
    [waiting] = ask(house, "waiting", under=world.thread("bea", ["One.", "Two."], ago=A_MINUTE * 60)[1])
    world.faults.answer("GET /2/tweets", 503)
    house.poll()
    house.work()
    [queued] = ask(house, "queued", under=posts[2])
    house.poll()
    house.woken.clear()
    everybody = [answered, stopped, doubtful, waiting, queued]
    states = [house.job(each).state for each in (answered, doubtful, waiting, queued)]
    assert states == ["done", "waiting", "waiting", "queued"]
    newest = house.job(queued).id

    with opened(addresses[1]) as new:
        rows = moved(house.store, new, now=world.now())
        assert rows == count(new.database)
        assert rows["job"] == newest
        found = new.cards.search(question("oil"), Listing("all"), limit=5)
        assert [each.card.title or each.card.opening for each in found.entries]
        assert new.spend.spent(world.now().date()) == house.store.spend.spent(world.now().date()) > 0

    [late] = ask(house, "late", under=posts[0])
    house.woken.append(newest)
    for act in (house.poll, house.work):
        with pytest.raises(DatabaseAway, match="everything has moved"):
            act()
    there = build(database_url=addresses[1])
    there.run()
    assert [len(world.replies_to(each)) for each in [*everybody, late]] == [1] * 6
    assert there.job(late).id == newest + 1, "the count of jobs goes on"
    assert there.store.people.find(int(world.author("tired").id)).stopped_at is not None


@pytest.fixture
def filled(stores):
    """Three odd rows in each table of the old one; in the last is nothing wherever that is allowed."""
    old, new = stores
    fill(old.database, rows=3)
    return old, new


def test_odd_values_are_the_same_there_and_back(filled, sqlite_databases, postgres_databases):
    old, new = filled
    before = everything(old.database)
    told = Counter()
    rows = moved(old, new, told=lambda table, more: told.update({table: more}))
    assert rows == told == dict.fromkeys(rows, 3)
    assert new.gauges.read(NOW).jobs == old.gauges.read(NOW).jobs
    kind = sqlite_databases if old.database.is_sqlite else postgres_databases
    with kind.fresh() as url, opened(url) as back:
        moved(new, back)
        assert everything(back.database) == before


def test_nothing_is_moved_where_rows_are_there_already(stores):
    old, new = stores
    old.jobs.add(Goal(1), now=NOW)
    new.jobs.add(Goal(2), now=NOW)
    with pytest.raises(MoveFailed, match="rows in job already"):
        moved(old, new)
    old.jobs.add(Goal(3), now=NOW)
    assert [job.goal.post_id for job in new.jobs.newest()] == [2]


def test_nothing_is_moved_while_a_worker_is_at_it(stores):
    old, new = stores
    job = old.jobs.add(Goal(1), now=NOW)
    assert old.jobs.claim(job, now=NOW, worker="w")
    with pytest.raises(MoveFailed, match=f"a worker has job {job}: .* 12:01:00 UTC"):
        moved(old, new)
    old.notes.acquire("conversation:7", now=NOW + A_MINUTE, hold=A_MINUTE)
    with pytest.raises(MoveFailed, match="a worker is at conversation:7"):
        moved(old, new, now=NOW + A_MINUTE)
    assert moved(old, new, now=NOW + 3 * A_MINUTE)["job"] == 1


SPOILT = {
    "sqlite": "CREATE TRIGGER spoil AFTER INSERT ON job BEGIN UPDATE job SET post_id = 9 WHERE id = 2; END",
    "postgresql": "CREATE RULE lose AS ON INSERT TO job WHERE NEW.id = 2 DO INSTEAD NOTHING",
}


def test_what_does_not_come_as_it_was_sent_changes_nothing(stores):
    old, new = stores
    for number in (1, 2, 3):
        old.jobs.add(Goal(number), now=NOW)
    with new.database.write() as session:
        session.execute(text(SPOILT[new.database.engine.dialect.name]))
    with pytest.raises(MoveFailed, match=r"of job 3 rows were sent, and [23] came"):
        moved(old, new)
    assert set(count(new.database).values()) == {0}
    assert old.jobs.add(Goal(4), now=NOW) == 4, "it is open still"


@pytest.mark.postgres
def test_what_the_other_kind_cannot_hold_is_told_by_its_table(sqlite_databases, postgres_databases):
    with ExitStack() as stack:
        urls = [stack.enter_context(kind.fresh()) for kind in (sqlite_databases, postgres_databases)]
        old, new = (stack.enter_context(opened(url)) for url in urls)
        old.people.block(7, username="odd\0name", now=NOW)
        with pytest.raises(MoveFailed, match=r"person: .* NUL"):
            moved(old, new)
        assert set(count(new.database).values()) == {0}


def test_one_that_breaks_off_changes_nothing(stores):
    old, new = stores
    old.jobs.add(Goal(1), now=NOW)

    def killed(table, _rows):
        if table == "job":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moved(old, new, told=killed)
    assert set(count(new.database).values()) == {0}
    assert moved(old, new)["job"] == 1


def test_nobody_opens_the_old_one_any_more_until_a_backup_is_put_back(addresses, tmp_path, own_programs):
    with opened(addresses[0]) as old, opened(addresses[1]) as new:
        old.jobs.add(Goal(1), now=NOW)
        backup(old.database, tmp_path / "kept")
        moved(old, new)
        with pytest.raises(BadSettings, match="DATABASE_URL: everything has moved"):
            open_store(addresses[0])
        restore(old.database, tmp_path / "kept", now=NOW)
    with opened(addresses[0]) as again:
        assert again.jobs.add(Goal(2), now=NOW) == 2
