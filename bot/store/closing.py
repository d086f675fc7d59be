"""A database out of which everything has moved: nothing can be asked or answered from it any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from bot.store.database import Database
from bot.store.models import NoteRow
from bot.store.trouble import MOVED

NOTE = "moved"

# Whoever has it open still can claim no job, make none and record no mention.
CLOSED = (("job", "INSERT"), ("job", "UPDATE"), ("mention", "INSERT"))


def close(database: Database, session: Session, *, now: datetime) -> None:
    database.upsert(session, [NoteRow(name=NOTE, value={"at": now.isoformat()}, updated_at=now)])
    if database.is_sqlite:
        for table, act in CLOSED:
            session.execute(
                text(
                    f"CREATE TRIGGER moved_{table}_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
                )
            )
        return
    session.execute(
        text(
            "CREATE OR REPLACE FUNCTION unroll_moved() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{MOVED}'; END $$"
        )
    )
    for table, act in CLOSED:
        session.execute(
            text(
                f"CREATE TRIGGER moved_{table}_{act.lower()} BEFORE {act} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION unroll_moved()"
            )
        )


def is_closed(database: Database) -> bool:
    with database.read() as session:
        return session.get(NoteRow, NOTE) is not None
