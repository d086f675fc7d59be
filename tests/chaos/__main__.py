"""`make chaos`: storms by hand. `--seeds 20 --mentions 500` is a long evening."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.storm import run
from tests.store import postgres
from tests.store.databases import Server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many storms, with seeds counting up")
    parser.add_argument("--mentions", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60, help="how long the storm lasts")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    told = parser.parse_args()
    well = True
    for seed in range(told.seed, told.seed + told.seeds):
        for database in ["sqlite", "postgres"] if told.database == "both" else [told.database]:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(TemporaryDirectory()))
                url = f"sqlite:///{folder}/unroll.db"
                if database == "postgres":
                    server = Server(stack.enter_context(postgres.server()), prefix=f"unroll_chaos_{seed}")
                    stack.callback(server.close)
                    url = stack.enter_context(server.empty())
                report = run(seed, url, folder, mentions=told.mentions, seconds=told.seconds)
            print("\n".join(report.lines()), flush=True)
            well = well and report.well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
