"""The only place that talks to X."""

from bot.x import decode
from bot.x.client import X
from bot.x.connection import Connection, connect
from bot.x.fetch import Terms, fetch

__all__ = ["Connection", "Terms", "X", "connect", "decode", "fetch"]
