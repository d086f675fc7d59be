"""The only place that talks to X."""

from bot.x import decode
from bot.x.client import X
from bot.x.connection import Connection, connect
from bot.x.fetch import fetch

__all__ = ["Connection", "X", "connect", "decode", "fetch"]
