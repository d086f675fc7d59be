"""`unroll`: the operator's commands. Documents go to standard output, everything else to standard error."""

from bot.cli.app import app, main

__all__ = ["app", "main"]
