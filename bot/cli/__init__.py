"""`unroll`: the operator's commands. Documents go to standard output, everything else to standard error."""

import gc

# Nothing that an import makes is garbage: looking for it, then and at the end, was two fifths of a start.
gc.disable()

from bot.cli.app import app, main  # noqa: E402

gc.enable()
gc.freeze()

__all__ = ["app", "main"]
