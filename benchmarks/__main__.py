"""`python -m benchmarks [all|PART]`: each prints one Markdown table."""

from __future__ import annotations

import argparse
import logging
import sys

import structlog

from benchmarks import assembly, costs, growth, jobs, memory, pages, queue, reply, sandbox, unrolls

PARTS = {
    "pages": ("Pages a second", pages.report),
    "growth": ("Lists of a site that has grown", growth.report),
    "jobs": ("A bot that has worked for long", jobs.report),
    "reply": ("From a mention to the reply", reply.report),
    "unrolls": ("Unrolls a second", unrolls.report),
    "queue": ("What the queue itself costs", queue.report),
    "sandbox": ("What the local X serves by itself", sandbox.report),
    "memory": ("Memory", memory.report),
    "costs": ("What a thread costs", costs.report),
    "assembly": ("How fast a thread is put together", assembly.report),
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=["all", *PARTS])
    chosen = parser.parse_args(arguments).part
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for name, (title, report) in PARTS.items():
        if chosen in {"all", name}:
            sys.stdout.write(f"## {title}\n\n{report()}\n\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
