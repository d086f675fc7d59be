"""Alembic's entry: one set of migrations for SQLite and PostgreSQL, run over the connection it is given."""

from alembic import context
from sqlmodel import SQLModel

from bot.store import models  # noqa: F401 - fills the metadata that autogenerate compares with
from bot.store.gauges import COUNTED


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Tables that no model knows: the words of a search, see `bot.store.search`, and what the database counts
    by itself, see `bot.store.gauges`.
    """
    return kind != "table" or not (name == COUNTED or (name or "").partition("_")[0] == "search")


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by copying it
    compare_type=True,
    include_name=include_name,
)
with context.begin_transaction():
    context.run_migrations()
