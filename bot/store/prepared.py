"""Statements that are built once and given to the driver as they are: what every unroll does goes this way.
SQLAlchemy's own way from a statement to the driver takes longer than the driver and the database together.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Text,
    TypeDecorator,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Process = Callable[[Any], Any] | None


class Rows(list[Any]):
    """Named tuples, as `Result` gives them, all at once."""

    def first(self) -> Any:
        return self[0] if self else None

    def scalar(self) -> Any:
        """The first row's first value; None where there is no row."""
        return self[0][0] if self else None


class Prepared:
    """One statement for both databases. It is compiled at its first use, for the names it is given then."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        """Raises what SQLAlchemy raises."""
        compiled = self._on(connection.dialect, values)
        try:
            return compiled.run(connection.connection.driver_connection, values)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(error, connection, compiled.sql) from error

    def run_all(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each of the rows, which have the same names; what it returns is not read."""
        compiled = self._on(connection.dialect, rows[0])
        try:
            compiled.run_all(connection.connection.driver_connection, rows)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(error, connection, compiled.sql) from error

    def _on(self, dialect: Dialect, values: Mapping[str, Any]) -> _Compiled:
        key = dialect.name, tuple(values)
        if key not in self._compiled:
            self._compiled[key] = _Compiled(self.statement, dialect, values)
        return self._compiled[key]


class _Compiled:
    """The statement's words in one dialect, what a value becomes on its way in, and a row on its way out."""

    def __init__(self, statement: Executable, dialect: Dialect, names: Iterable[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        self.sql: str = compiled.string
        if compiled.literal_execute_params or compiled.post_compile_params:
            raise TypeError(f"it changes with what it is given: {self.sql}")
        self._in_order = compiled.positional
        binds = compiled.binds
        self._places = [
            (name, *_place(binds[name], dialect))
            for name in (compiled.positiontup if self._in_order else binds)
        ]
        columns = list(getattr(statement, "exported_columns", ()))
        self._row = row_of(columns)
        self._makes = makers(columns, dialect)

    def run(self, driver: Any, values: Mapping[str, Any]) -> Rows:
        cursor = driver.execute(self.sql, self._given(values))
        if cursor.description is None:
            return Rows()
        return Rows(named(row, self._row, self._makes) for row in cursor.fetchall())

    def run_all(self, driver: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        driver.cursor().executemany(self.sql, [self._given(values) for values in rows])

    def _given(self, values: Mapping[str, Any]) -> Any:
        if self._in_order:
            return tuple(
                constant if key is None else values[key] if process is None else process(values[key])
                for _, key, process, constant in self._places
            )
        return {
            name: constant if key is None else values[key] if process is None else process(values[key])
            for name, key, process, constant in self._places
        }


def _place(bind: Any, dialect: Dialect) -> tuple[str | None, Process, Any]:
    """By which name its value is given, what becomes of the value; or the value that it always has."""
    process = bind.type.dialect_impl(dialect).bind_processor(dialect)
    if bind.required:
        return bind.key, process, None
    value = bind.effective_value
    return None, None, value if process is None else process(value)


def row_of(columns: Sequence[ColumnElement[Any]]) -> Callable[[Iterable[Any]], Any]:
    """What makes a row of its values: where nothing names them a plain tuple."""
    if not columns:
        return tuple
    names = [each.name for each in columns]
    kind: Any = namedtuple("Row", names)  # type: ignore[misc] # noqa: PYI024 - names known here
    return cast("Callable[[Iterable[Any]], Any]", kind._make)


def makers(columns: Iterable[ColumnElement[Any]], dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
    """What makes of the driver's value what a column's type says, by the column's place, where it must."""
    makes = (each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns)
    return [(place, make) for place, make in enumerate(makes) if make is not None]


def named(
    values: Iterable[Any],
    row: Callable[[Iterable[Any]], Any],
    makes: Iterable[tuple[int, Callable[[Any], Any]]],
) -> Any:
    made = list(values)
    for place, make in makes:
        made[place] = make(made[place])
    return row(made)


def _told(error: BaseException, connection: Connection, sql: str) -> BaseException:
    """As SQLAlchemy tells it, without the values: those are people's words."""
    dialect = connection.dialect
    over = dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
    if over:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=over,
        dialect=dialect,
    )


class Numbers(TypeDecorator[Sequence[int]]):
    """However many of them in one parameter: an array in PostgreSQL, JSON in SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        return json.dumps(list(value or ())) if dialect.name == "sqlite" else list(value or ())


class Among(ColumnElement[bool]):
    """Whether a column's value is among the numbers given by that name. IN would be another statement for
    each number of them.
    """

    type = Boolean()
    inherit_cache = False

    def __init__(self, column: ColumnElement[int] | Mapped[int], name: str = "ids") -> None:
        self.column = cast("ColumnElement[int]", column)
        self.numbers = bindparam(name, type_=Numbers)

    def self_group(self, against: Any = None) -> Among:  # noqa: ARG002
        """As it is: SQLAlchemy would compare it with 1, and then SQLite uses no index."""
        return self


@compiles(Among)
def _any(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.column == func.any(element.numbers), **more)


@compiles(Among, "sqlite")
def _in(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    numbers = func.json_each(element.numbers).table_valued("value")
    return compiler.process(element.column.in_(select(numbers.c.value)), **more)
