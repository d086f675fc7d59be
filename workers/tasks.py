"""Adapters of a few lines: a wake-up comes in, a flow is called."""

from __future__ import annotations

from functools import cache, partial

from bot.outdated import told_in_one_line

with told_in_one_line():
    import structlog
    from structlog.contextvars import bound_contextvars

    from bot.blobs import by_hash
    from bot.errors import DatabaseAway
    from bot.flows import export, illustrate, letters, unroll
    from bot.queue import DELIVER, EXPORT, ILLUSTRATE, UNROLL, enqueue_pictures
    from reader.exports import edition
    from reader.exports.making import Maker
    from reader.letters import compose
    from workers.afterwards import Afterwards
    from workers.app import app, core, parts

log = structlog.get_logger()
afterwards = Afterwards()


@app.task(name=UNROLL)
def unroll_thread(job_id: int, mention: str = "") -> str:  # noqa: ARG001 - the mention is for the dashboard
    """Returns what became of the job, for the dashboard too: nobody else reads it, and it is kept nowhere."""
    with afterwards.answering():
        try:
            job = unroll.unroll(job_id, parts())
        except DatabaseAway as error:  # the row waits, and the poller sends another wake-up
            log.error("database.away", job=job_id, why=str(error))  # noqa: TRY400 - one line says it all
            return "database away"
        if job is None:
            return "not ours to do"
        if job.thread_id is not None:
            afterwards.put_off(partial(_wake_pictures, job.thread_id, job.id))
        return f"{job.state}: {job.reason}" if job.reason else job.state


@app.task(name=ILLUSTRATE)
def fetch_pictures(thread_id: str, job: int | None = None) -> None:
    with bound_contextvars(**({} if job is None else {"job": job})):
        try:
            illustrate.illustrate(int(thread_id), parts())
            _draw(int(thread_id))
        except DatabaseAway as error:
            log.error("database.away", thread=int(thread_id), why=str(error))  # noqa: TRY400


@app.task(name=DELIVER)
def send_letters() -> None:
    try:
        letters.deliver(parts(), compose)
    except DatabaseAway as error:
        log.error("database.away", why=str(error))  # noqa: TRY400


@app.task(name=EXPORT)
def make_files() -> int:
    """How many files were made for visitors."""
    try:
        return export.make_exports(parts(), maker().make)
    except DatabaseAway as error:
        log.error("database.away", why=str(error))  # noqa: TRY400
        return 0


@cache
def maker() -> Maker:
    settings = parts().settings
    return Maker(settings.public_url, _kept, settings.links, parts().stop.is_set, core.before)


def _kept(sha256: str) -> bytes | None:
    try:
        return parts().files.read(by_hash(sha256))
    except OSError:
        return None


def _draw(thread_id: int) -> None:
    """The picture that stands for a thread, as soon as its author's is here."""
    store, settings, now = parts().store, parts().settings, parts().clock()
    stamp = store.threads.stamp(thread_id)
    if stamp is None or stamp.gone or store.media.waiting(thread_id):
        return
    etag = edition.etag(stamp.etag, settings.public_url, settings.links)
    store.exports.want(thread_id, "card", etag, now=now)
    export.make_exports(parts(), maker().make)


def _wake_pictures(thread_id: int, job_id: int) -> None:
    try:
        enqueue_pictures(app, thread_id, job_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the poller asks again
        log.warning("queue.away", job=job_id, thread=thread_id, error=type(error).__name__)
