"""What an unroll cannot do without, in a loop of a few lines: `python -m benchmarks.bare FILE`.

No queue, no lease, no budget, no windows, no assembling: the calls and the rows come from the file.
"""

from __future__ import annotations

import json
import pickle
import signal
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests
from requests_oauthlib import OAuth1
from sqlalchemy import make_url

from sandbox.nouns import Credentials

TIMEOUT = 30


@dataclass(frozen=True)
class Unroll:
    """The addresses to read, the mention to answer, and the words."""

    reads: list[str]
    mention_id: str
    text: str


@dataclass(frozen=True)
class Told:
    """`rows` of all unrolls together, by table: its columns and the rows."""

    x_url: str
    keys: Credentials
    database_url: str
    unrolls: list[Unroll]
    rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def main(told: Told) -> None:
    reader, writer = requests.Session(), requests.Session()
    reader.headers["Authorization"] = f"Bearer {told.keys.bearer_token}"
    keys = told.keys
    writer.auth = OAuth1(keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret)
    connection, mark = _connect(told.database_url)
    parts = [(_insert(name, columns, mark), rows) for name, (columns, rows) in told.rows.items()]
    many = len(told.unrolls)
    for number, unroll in enumerate(told.unrolls):
        for path in unroll.reads:
            answer = reader.get(told.x_url + path, timeout=TIMEOUT)
            answer.raise_for_status()
            json.loads(answer.content)
        cursor = connection.cursor()
        for statement, rows in parts:  # the n-th part of every table's rows
            first, last = (len(rows) * place // many for place in (number, number + 1))
            if last > first:
                cursor.executemany(statement, rows[first:last])
        connection.commit()
        body = {"text": f"{unroll.text} (again)", "reply": {"in_reply_to_tweet_id": unroll.mention_id}}
        writer.post(f"{told.x_url}/2/tweets", json=body, timeout=TIMEOUT).raise_for_status()
        cursor.execute(f"UPDATE job SET state = 'done' WHERE id = {number + 1}")  # noqa: S608
        connection.commit()
    signal.pause()  # until what this took was read


def _connect(url: str) -> tuple[Any, str]:
    """The connection, and how the driver marks a value in a statement."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(parsed.database))
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection, "?"
    return psycopg.connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False)), "%s"


def _insert(name: str, columns: list[str], mark: str) -> str:
    """Rows that several unrolls share, such as a day's sum, are there already; words are no such rows."""
    marks = ", ".join(mark for _ in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    shared = "" if name == "search" else " ON CONFLICT DO NOTHING"
    return f"INSERT INTO {name} ({names}) VALUES ({marks}){shared}"  # noqa: S608


if __name__ == "__main__":
    main(pickle.loads(Path(sys.argv[1]).read_bytes()))  # noqa: S301 - our own benchmark wrote it
