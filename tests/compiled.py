"""The SQL of statements, kept beyond the engine that compiled them. It holds words, never a row."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine.interfaces import Compiled as Statement


class Compiled:
    """For SQLAlchemy's `compiled_cache`: engines of one kind of database and driver share what they compile.
    Its keys begin with the dialect, of which each engine has its own.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Statement] = {}

    def get(self, key: tuple[Any, ...], default: Statement | None = None) -> Statement | None:
        return self._kept.get(_of_kind(key), default)

    def __setitem__(self, key: tuple[Any, ...], statement: Statement) -> None:
        self._kept[_of_kind(key)] = statement


def _of_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *rest = key
    return (dialect.name, dialect.driver, getattr(dialect, "server_version_info", None), *rest)
