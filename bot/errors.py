"""The three fates of a failed step. The edge that knows what happened raises one of them."""

from __future__ import annotations

from datetime import datetime


class UnrollError(Exception):
    """Base of the three fates. `reason` is a stable word for scripts, `detail` a line for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Transient(UnrollError):  # noqa: N818 - the three fates are named as the design names them
    """Not now. `retry_at` is when X's window opens again; None leaves the time to the backoff.

    `may_have_landed` is True after a POST whose outcome is unknown: look before posting again.
    `counts` is False for waits that are nobody's failure (an empty window, a thread being fetched by
    another worker, the day's budget): they do not use up an attempt.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        retry_at: datetime | None = None,
        may_have_landed: bool = False,
        counts: bool = True,
    ) -> None:
        super().__init__(reason, detail)
        self.retry_at = retry_at
        self.may_have_landed = may_have_landed
        self.counts = counts


class Complaint(Transient):
    """X's catch-all refusal of a reply: surely not posted, and for nobody a good time to reply."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("not-permitted", detail, counts=False)


class Permanent(UnrollError):  # noqa: N818
    """Never, for this job. `refused` tells a rule that said no from something that broke."""

    def __init__(self, reason: str, detail: str = "", *, refused: bool = True) -> None:
        super().__init__(reason, detail)
        self.refused = refused


class Misconfigured(UnrollError):  # noqa: N818
    """Stop calling X and tell the operator: a revoked token, a used-up cap, a missing permission.

    `endpoint` is where X said so: there it has to be tried whether it is mended.
    """

    endpoint: str = ""


class LeaseLost(Exception):  # noqa: N818
    """Another worker holds the job now: stop without another write."""


class DatabaseAway(Exception):  # noqa: N818
    """The database does not answer or does not take what it is given: restarted, locked, slow, disk full.

    One line for the operator. What was committed stays; whoever was told this tries again.
    """
