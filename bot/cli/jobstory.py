"""One job as `unroll jobs show` tells it: the row, the mention, and what each attempt did and cost."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from bot.cli import output
from bot.domain import Attempt, Job
from bot.store import Store
from bot.store.mending import Bought
from bot.x.price import MICRO

HALF_A_MINUTE = 30
APART = {"history", "mention", "bought"}


def document(job: Job, store: Store) -> dict[str, Any]:
    attempts, bought = store.jobs.attempts(job.id), store.mending.bought(job.id)
    costs = cost_by_attempt(attempts, bought)
    counts: Counter[str] = Counter()
    for each in bought:
        counts[each.resource] += each.count
    return {
        **output.job_document(job),
        "reply_text": job.reply_text,
        "reply_started_at": output.time_text(job.reply_started_at),
        "lease_until": output.time_text(job.lease_until) if job.state == "running" else None,
        "cost_usd": sum(each.micro_usd for each in bought) / MICRO,
        "bought": dict(counts),
        "mention": _mention(job, store),
        "history": [
            {
                "attempt": each.number,
                "worker": each.worker,
                "started_at": output.time_text(each.started_at),
                "ended_at": output.time_text(each.ended_at),
                "seconds": _seconds(each),
                "outcome": each.outcome or ("running" if _holds(job, each) else "lost"),
                "detail": each.detail,
                "cost_usd": costs[number] / MICRO,
            }
            for number, each in enumerate(attempts)
        ],
    }


def cost_by_attempt(attempts: list[Attempt], bought: list[Bought]) -> list[int]:
    """Micro-dollars, each booked under the last attempt that had begun by then."""
    costs = [0] * len(attempts)
    starts = [each.started_at for each in attempts]
    for each in bought:
        if attempts:
            costs[max(0, bisect_right(starts, each.at) - 1)] += each.micro_usd
    return costs


def tell(shown: dict[str, Any]) -> None:
    """The same for a person."""
    for name, value in shown.items():
        if name not in APART and value is not None:
            output.field(name, f"{value:.3f}" if name == "cost_usd" else str(value))
    if shown["bought"]:
        output.field("bought", ", ".join(f"{count} x {what}" for what, count in shown["bought"].items()))
    if mention := shown["mention"]:
        output.field("mention", " ".join(mention["text"].split()))
    made = output.table("try", "worker", "started (UTC)", "took", "cost", "outcome", "what was said")
    for each in shown["history"]:
        took = "-" if each["seconds"] is None else _spell(timedelta(seconds=each["seconds"]))
        started = f"{datetime.fromisoformat(each['started_at']):%Y-%m-%d %H:%M:%S}"
        cost = f"${each['cost_usd']:.3f}"
        output.row(
            made,
            str(each["attempt"]),
            each["worker"],
            started,
            took,
            cost,
            each["outcome"],
            each["detail"] or "",
        )
    output.console.print(made)


def _mention(job: Job, store: Store) -> dict[str, Any] | None:
    mention = store.mentions.find(job.mention_id) if job.mention_id is not None else None
    if mention is None:
        return None
    return {
        "id": str(mention.id),
        "author_id": str(mention.author_id),
        "text": ((mention.payload or {}).get("post") or {}).get("text", ""),
        "decision": mention.decision,
        "reason": mention.reason,
        "created_at": output.time_text(mention.created_at),
    }


def _holds(job: Job, attempt: Attempt) -> bool:
    return job.state == "running" and attempt.number == job.attempts


def _seconds(attempt: Attempt) -> float | None:
    return None if attempt.ended_at is None else (attempt.ended_at - attempt.started_at).total_seconds()


def _spell(took: timedelta) -> str:
    seconds = took.total_seconds()
    return f"{seconds:.1f} s" if seconds < HALF_A_MINUTE else str(timedelta(seconds=round(seconds)))
