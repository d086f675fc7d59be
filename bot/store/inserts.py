"""INSERTs that know what to do where the key is there, each built once for its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import JSON, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as lite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from bot.store.prepared import Prepared


def insert(table: Any, *, sqlite: bool) -> Any:
    """An INSERT that knows ON CONFLICT, for statements that are built once for each dialect."""
    return lite.insert(table) if sqlite else postgresql.insert(table)


def values_of(row: type[SQLModel], **named: Any) -> dict[str, Any]:
    """A row by its columns' names, with the model's defaults for what is not named: to make a row of a model
    takes as long as to write it.
    """
    return {**_defaults(row), **named}


@cache
def _defaults(row: type[SQLModel]) -> dict[str, Any]:
    return {name: field.default for name, field in row.model_fields.items() if not field.is_required()}


def table_of(row: type[SQLModel]) -> Table:
    return cast("Table", row.__table__)  # type: ignore[attr-defined]


@cache
def has_json(row: type[SQLModel]) -> bool:
    return any(isinstance(column.type, JSON) for column in table_of(row).columns)


@cache
def upserting(row: type[SQLModel], *, sqlite: bool, arrays: bool = False) -> Prepared:
    statement = _given(insert(table_of(row), sqlite=sqlite), arrays=arrays)
    keys = _keys_of(row)
    changes = {name: statement.excluded[name] for name in row.model_fields if name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=changes))


@cache
def inserting_new(row: type[SQLModel], *, sqlite: bool, arrays: bool = False) -> Prepared:
    statement = _given(insert(table_of(row), sqlite=sqlite), arrays=arrays)
    keys = _keys_of(row)
    new = statement.on_conflict_do_nothing(index_elements=keys)
    return Prepared(new.returning(*(table_of(row).c[key] for key in keys)))


def _given(statement: Any, *, arrays: bool) -> Any:
    """An INSERT of one row by its columns' names, or of as many as there are in the lists of these names."""
    if not arrays:
        return statement
    columns = statement.table.columns
    lists = (bindparam(each.name, type_=ARRAY(each.type)) for each in columns)
    rows = func.unnest(*lists).table_valued(*(each.name for each in columns), name="given").render_derived()
    return statement.from_select(list(columns), select(*rows.c))


def by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@cache
def _keys_of(row: type[SQLModel]) -> list[str]:
    return [column.name for column in table_of(row).primary_key]


def in_order(row: type[SQLModel], values: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By their keys, so that two writers of the same rows never wait for each other; of two with the same key
    the later one.
    """
    keys = _keys_of(row)
    by_key = {tuple(each[key] for key in keys): each for each in values}
    return [by_key[key] for key in sorted(by_key)]
