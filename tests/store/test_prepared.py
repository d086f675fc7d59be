"""Statements that the driver runs as they are give what SQLAlchemy gives."""

from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pkgutil import iter_modules

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import NullType

import bot.store
from bot.store import jobrows, mentions, open_store, pages, people, threads
from bot.store.database import execute, execute_all
from bot.store.inserts import table_of
from bot.store.models import AuthorRow, MentionRow, PurchaseRow
from bot.store.prepared import Among, Prepared
from tests.store.conftest import NOW

MENTION, PURCHASE, AUTHOR = table_of(MentionRow), table_of(PurchaseRow), table_of(AuthorRow)
IDS = st.integers(min_value=1, max_value=2**63 - 1)
VALUES = {
    "id": 2**62 + 1,
    "author_id": 7,
    "conversation_id": 8,
    "decision": "request",
    "reason": None,
    "payload": {"post": {"text": "“quoted” & 漢字", "lang": "de"}},
    "created_at": NOW.astimezone(timezone(timedelta(hours=5, minutes=30))),
    "seen_at": NOW,
}
ADD = Prepared(sqlalchemy.insert(MENTION).inline())
PURCHASED = Prepared(sqlalchemy.insert(PURCHASE).inline())


def test_a_row_comes_back_as_it_was_given(store):
    with store.database.write() as session:
        execute(session, ADD, VALUES)
    query = Prepared(sqlalchemy.select(MENTION).where(MENTION.c.id == bindparam("which")))
    row = store.database.glance(query, {"which": 2**62 + 1})
    assert row._asdict() == VALUES
    assert {row.created_at.tzinfo, row.seen_at.tzinfo} == {UTC}
    assert store.database.glance(query, {"which": 1}) is None


def test_what_the_statement_says_itself_is_given_along(store):
    with store.database.write() as session:
        execute(session, ADD, VALUES)
    made = datetime(2026, 11, 20, 13, tzinfo=UTC)
    change = (
        sqlalchemy.update(MENTION)
        .where(MENTION.c.author_id == bindparam("of"), MENTION.c.decision == "request")
        .values(reason="said so", created_at=made)
        .returning(MENTION.c.reason, MENTION.c.created_at)
    )
    assert tuple(store.database.write_alone(Prepared(change), {"of": 7})) == ("said so", made)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(held=st.sets(IDS, max_size=12), asked=st.lists(IDS, max_size=12), both=st.integers(0, 6))
def test_among_is_what_in_is(store, held, asked, both):
    asked = [*asked, *sorted(held)[:both]]
    day = NOW.date()
    with store.database.write() as session:
        session.execute(sqlalchemy.delete(PURCHASE))
        if held:
            execute_all(session, PURCHASED, [{"day": day, "resource": "post", "item_id": i} for i in held])
        inside, outside = (
            Prepared(sqlalchemy.select(PURCHASE.c.item_id).where(which))
            for which in (Among(PURCHASE.c.item_id), sqlalchemy.not_(Among(PURCHASE.c.item_id)))
        )
        assert {row.item_id for row in execute(session, inside, {"ids": asked})} == held & set(asked)
        assert {row.item_id for row in execute(session, outside, {"ids": asked})} == held - set(asked)


MODULES = (jobrows, mentions, pages, people, threads)
LISTED = [
    pytest.param(each, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, each in vars(module).items()
    if isinstance(each, Prepared) and "ids" in str(each.statement)
]


PLAIN_WORDS = ("SQLITE_INSERT", "SQLITE_DELETE", "POSTGRESQL_INSERT", "POSTGRESQL_DELETE")
BUILT = [
    pytest.param(each, id=f"{module}.{name}")
    for module in sorted(module.name for module in iter_modules(bot.store.__path__))
    for name, each in vars(import_module(f"bot.store.{module}")).items()
    if isinstance(each, Prepared) and name not in PLAIN_WORDS
]


@pytest.mark.parametrize("statement", BUILT)
def test_every_value_has_a_type(statement):
    """Without one the driver decides how a time is written, and each in another way."""
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        binds = statement.statement.compile(dialect=dialect).binds
        assert [name for name, bind in binds.items() if isinstance(bind.type, NullType)] == []


@pytest.mark.parametrize("statement", LISTED)
def test_sqlite_finds_what_is_in_a_list_by_an_index(tmp_path, statement):
    store = open_store(f"sqlite:///{tmp_path}/plans.db", upgrade=True)
    with store.database.engine.connect() as connection:
        asked = str(statement.statement.compile(dialect=connection.dialect))
        given = ("[1, 2]",) * asked.count("?")
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", given)]
    store.close()
    assert any(step.startswith(("SEARCH", "MULTI-INDEX")) for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN") and not step.startswith("SCAN anon_")], plan


def test_a_broken_rule_is_told_as_sqlalchemy_tells_it_without_the_values(store):
    add = Prepared(sqlalchemy.insert(AUTHOR).inline())
    author = {"id": 1, "username": None, "name": "Somebody Secret", "avatar_url": None, "bio": None}
    author |= {"protected": False, "updated_at": NOW}
    with pytest.raises(IntegrityError) as raised, store.database.write() as session:
        execute(session, add, author)
    assert raised.value.params is None
    assert "INSERT INTO author" in str(raised.value)


def test_one_that_changes_with_its_values_is_a_mistake(store):
    query = Prepared(sqlalchemy.select(AUTHOR.c.id).where(AUTHOR.c.id.in_(bindparam("ids", expanding=True))))
    with pytest.raises(TypeError, match="it changes with what it is given"):
        store.database.glance(query, {"ids": [1]})
