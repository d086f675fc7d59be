"""`make chaos`: storms by hand. `--seeds 20` is a long evening."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from benchmarks.house import housed
from benchmarks.tables import table
from tests.chaos.storm import ROW, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many storms, with seeds counting up")
    parser.add_argument("--mentions", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=100, help="how long the storm lasts")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    told = parser.parse_args()
    reports = []
    for seed in range(told.seed, told.seed + told.seeds):
        for database in ["sqlite", "postgres"] if told.database == "both" else [told.database]:
            with TemporaryDirectory(prefix="unroll-chaos-") as name:
                folder = Path(name)
                with housed(database, f"chaos_{seed}", folder) as house:
                    report = run(seed, house, folder, mentions=told.mentions, seconds=told.seconds)
                if not report.well:
                    kept = Path(mkdtemp(prefix=f"unroll-chaos-{seed}-{database}-"))
                    for log in (*folder.glob("*.log"), *folder.glob("unroll.db*")):
                        log.replace(kept / log.name)
                    print(f"logs are kept in {kept}")
            reports.append(report)
            print("\n".join(report.lines()), flush=True)
    print("\n" + table(ROW, [report.row for report in reports]))
    return 0 if all(report.well for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
