"""`unroll`: the operator's commands. Documents go to standard output, everything else to standard error."""

import gc

from bot.outdated import told_in_one_line

# Nothing that an import makes is garbage: looking for it, then and at the end, was two fifths of a start.
gc.disable()

with told_in_one_line():
    from bot.cli.app import app, main

gc.enable()
gc.freeze()

__all__ = ["app", "main"]
