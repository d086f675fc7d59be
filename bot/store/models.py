"""The tables. Ids of X are 64-bit integers here and strings outside; money is micro-dollars."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Index,
    Integer,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

# SQLite counts up by itself only in a column declared INTEGER.
Serial = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC time in both databases; SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None or value.tzinfo is not None:
            return None if value is None else value.astimezone(dt.UTC)
        return value.replace(tzinfo=dt.UTC)


def _id(**extra: Any) -> Any:
    return Field(sa_type=BigInteger, **extra)


def _key() -> Any:
    return Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})


def _time(**extra: Any) -> Any:
    return Field(sa_type=UtcDateTime, **extra)


class MentionRow(SQLModel, table=True):
    """A mention, recorded once, with the decision taken and its reason."""

    __tablename__ = "mention"
    id: int = _key()
    author_id: int = _id(index=True)
    conversation_id: int = _id(index=True)
    decision: str
    reason: str | None = None
    payload: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_at: dt.datetime = _time()
    seen_at: dt.datetime = _time()


class EventRow(SQLModel, table=True):
    """What X told without being asked, once; its words go when it has been taken."""

    __tablename__ = "event"
    __table_args__ = (
        Index("event_waiting", "taken_at", "arrived_at"),
        Index("event_arrived_at", "arrived_at"),
    )
    kind: str = Field(primary_key=True)
    post_id: int = _key()
    user_id: int = _id()
    told: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    way: str
    arrived_at: dt.datetime = _time()
    taken_at: dt.datetime | None = _time(default=None)


class JobRow(SQLModel, table=True):
    """A piece of work. The row is the truth; a message in the queue only says that it is worth a look."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_due", "state", "not_before"),
        Index("job_lease", "state", "lease_until"),
        *(Index(f"job_{name}", name, "id") for name in ("state", "reason", "kind")),  # newest first
        Index("job_kind_state", "kind", "state", "id"),
        Index("job_counts", "state", "reason"),
        Index("job_thread", "thread_id", "kind", "created_at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    kind: str
    state: str
    reason: str | None = None
    mention_id: int | None = _id(default=None, unique=True)
    requester_id: int | None = _id(default=None, index=True)
    post_id: int = _id(index=True)
    conversation_id: int | None = _id(default=None)
    author_id: int | None = _id(default=None, index=True)
    author_username: str | None = None
    thread_id: int | None = _id(default=None)
    reply_wanted: bool = True
    reply_id: int | None = _id(default=None)
    reply_text: str | None = Field(default=None, sa_type=Text)
    reply_started_at: dt.datetime | None = _time(default=None, index=True)
    attempts: int = 0
    failures: int = 0
    priority: int = 0
    from_site: bool = False  # a visitor of the site asked for it, and its budget pays
    not_before: dt.datetime | None = _time(default=None)
    enqueued_at: dt.datetime | None = _time(default=None)
    lease_token: str | None = None
    lease_until: dt.datetime | None = _time(default=None)
    created_at: dt.datetime = _time(index=True)
    updated_at: dt.datetime = _time()


class AttemptRow(SQLModel, table=True):
    __tablename__ = "attempt"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    job_id: int = _id(index=True)
    number: int
    worker: str
    started_at: dt.datetime = _time()
    ended_at: dt.datetime | None = _time(default=None)
    outcome: str | None = None
    detail: str | None = Field(default=None, sa_type=Text)


class AuthorRow(SQLModel, table=True):
    __tablename__ = "author"
    id: int = _key()
    username: str = Field(index=True)
    name: str
    avatar_url: str | None = None
    bio: str = Field(default="", sa_type=Text)
    protected: bool = False
    updated_at: dt.datetime = _time()


class PersonRow(SQLModel, table=True):
    """What somebody told the bot to do, or not to; `helped_on` is the UTC day of their last help line."""

    __tablename__ = "person"
    id: int = _key()
    username: str | None = Field(default=None, index=True)
    stopped_at: dt.datetime | None = _time(default=None)
    blocked_at: dt.datetime | None = _time(default=None)
    opted_out_at: dt.datetime | None = _time(default=None)
    helped_on: dt.date | None = None
    updated_at: dt.datetime = _time()


class PostRow(SQLModel, table=True):
    """A post as X sent it, with its own media and polls: a page can be made again without asking X."""

    __tablename__ = "post"
    id: int = _key()
    conversation_id: int = _id(index=True)
    author_id: int = _id(index=True)
    payload: dict[str, Any] = Field(sa_type=JSON)
    fetched_at: dt.datetime = _time()


class ShownPostRow(SQLModel, table=True):
    """Which posts a page shows, quoted ones among them, by the version it shows. One without its payload is
    gone on X, and its page is to be made anew.
    """

    __tablename__ = "shown_post"
    thread_id: int = _key()
    post_id: int = Field(
        primary_key=True, index=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )


class RemovalRow(SQLModel, table=True):
    """That words were here, whose, and why and when they went; never the words."""

    __tablename__ = "removal"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    post_id: int = _id()
    author_id: int = _id()
    reason: str
    removed_at: dt.datetime = _time(index=True)


class MissingPostRow(SQLModel, table=True):
    """X's word that a post cannot be shown."""

    __tablename__ = "missing_post"
    id: int = _key()
    conversation_id: int = _id(index=True)
    reason: str
    seen_at: dt.datetime = _time()


class ThreadRow(SQLModel, table=True):
    """A thread as its page shows it now; `body` is the assembled thread as JSON."""

    __tablename__ = "thread"
    id: int = _key()
    conversation_id: int = _id(index=True)
    author_id: int = _id(index=True)
    version: int = 1
    etag: str
    body: str = Field(sa_type=Text)
    post_count: int
    newest_post_id: int = _id()
    complete: bool
    fetched_at: dt.datetime = _time(index=True)
    checked_at: dt.datetime = _time()
    confirmed_at: dt.datetime | None = _time(default=None, index=True)  # when X last gave us its oldest post
    gone_at: dt.datetime | None = _time(default=None)
    removed_by: str | None = None  # who took the page down: its author or the operator
    unlisted_at: dt.datetime | None = _time(default=None)
    revision: int = 0  # counts every change of what the page shows: words, pictures, gone, back


class ThreadVersionRow(SQLModel, table=True):
    """How a thread looked before: made when it changes."""

    __tablename__ = "thread_version"
    thread_id: int = _key()
    version: int = Field(primary_key=True)
    etag: str
    body: str = Field(sa_type=Text)
    made_at: dt.datetime = _time()


class ThreadPostRow(SQLModel, table=True):
    """Which thread a post belongs to, by every version's id: any of them leads to the page."""

    __tablename__ = "thread_post"
    post_id: int = _key()
    thread_id: int = _id(index=True)


class MediaRow(SQLModel, table=True):
    """A picture that a page needs, under the address X gave; the file is named by its SHA-256."""

    __tablename__ = "media"
    __table_args__ = (
        Index("media_due", "state", "not_before"),
        Index("media_uncopied", "state", "copied_at"),
    )
    url: str = Field(primary_key=True, sa_type=Text)
    state: str = "wanted"
    sha256: str | None = Field(default=None, index=True)
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None
    attempts: int = 0
    not_before: dt.datetime | None = _time(default=None)
    enqueued_at: dt.datetime | None = _time(default=None)
    copied_at: dt.datetime | None = _time(default=None)  # when smaller copies were made, or none were needed
    updated_at: dt.datetime = _time()


class MediaCopyRow(SQLModel, table=True):
    """A smaller copy of the picture whose SHA-256 is `sha256`, kept as `file`."""

    __tablename__ = "media_copy"
    sha256: str = Field(primary_key=True)
    width: int = Field(primary_key=True)
    height: int
    file: str = Field(index=True)
    size: int


class ThreadPictureRow(SQLModel, table=True):
    """Which threads show a picture: an avatar is on many pages, and all of them change when it comes."""

    __tablename__ = "thread_picture"
    thread_id: int = _key()
    url: str = Field(primary_key=True, index=True, sa_type=Text)


class ExportRow(SQLModel, table=True):
    """A file made of a page for somebody to take along. `etag` is that of the page it is made of and of what
    makes it: another page wants another file, and the older one goes.
    """

    __tablename__ = "export"
    __table_args__ = (Index("export_due", "state", "asked_at"),)
    thread_id: int = _key()
    form: str = Field(primary_key=True)
    etag: str = Field(primary_key=True)
    state: str = "wanted"  # or ready, or failed
    reason: str | None = None
    file: str | None = None
    size: int = _id(default=0)
    attempts: int = 0
    not_before: dt.datetime | None = _time(default=None)
    enqueued_at: dt.datetime | None = _time(default=None)
    lease_token: str | None = None
    lease_until: dt.datetime | None = _time(default=None)
    asked_at: dt.datetime = _time()
    step: str | None = None  # what is done to it just now, and how much of that
    step_done: int | None = None
    step_of: int | None = None


class CardRow(SQLModel, table=True):
    """What lists show of a page, made with it. One that is gone or unlisted has none, so no list finds it.

    The indexes hold what a list goes by and what decides whether a page stands in it.
    """

    __tablename__ = "card"
    __table_args__ = (
        Index("card_author", "author_id", "thread_id", "confirmed_at"),
        Index("card_made", "made_at", "thread_id", "confirmed_at"),
        Index("card_asked_again", "asked_again_at", "thread_id", "confirmed_at"),
        Index("card_reads", "reads", "thread_id", "confirmed_at", "asked_again_at"),
    )
    thread_id: int = _key()
    author_id: int = _id()
    username: str
    name: str
    avatar_url: str | None = Field(default=None, sa_type=Text)
    written_at: dt.datetime = _time()
    made_at: dt.datetime = _time()
    asked_again_at: dt.datetime | None = _time(default=None)  # when a second person asked for it
    confirmed_at: dt.datetime = _time()
    title: str = Field(sa_type=Text)
    opening: str = Field(sa_type=Text)
    lang: str | None = None
    direction: str
    posts: int
    minutes: int
    picture_url: str | None = Field(default=None, sa_type=Text)
    tags: list[str] = Field(sa_type=JSON)
    reads: int = 0  # in the last seven days


class CardTagRow(SQLModel, table=True):
    """A hashtag of a page, as it is compared."""

    __tablename__ = "card_tag"
    tag: str = Field(primary_key=True)
    thread_id: int = Field(
        primary_key=True, index=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )


class CardTextRow(SQLModel, table=True):
    """What of a page is searched, as a person reads it: hits are shown in it. Its words are in `search`."""

    __tablename__ = "card_text"
    thread_id: int = _key()
    text: str = Field(sa_type=Text)


class PrintedRow(SQLModel, table=True):
    """A page as the site sends it, packed by gzip, under the etag it was sent with."""

    __tablename__ = "printed"
    thread_id: int = _key()
    author_id: int = _id(index=True)
    etag: str
    packed: bytes


class AuthorShelfRow(SQLModel, table=True):
    """Counts the changes of what lists show by an author, and how many cards there are."""

    __tablename__ = "author_shelf"
    author_id: int = _key()
    revision: int
    cards: int


class AuthorNameRow(SQLModel, table=True):
    """Every username we heard of, in lower case, and whose it was last."""

    __tablename__ = "author_name"
    name: str = Field(primary_key=True)
    author_id: int = _id(index=True)


class ReadRow(SQLModel, table=True):
    """How often a page was read on a UTC day, and nothing about who read it."""

    __tablename__ = "read_count"
    thread_id: int = _key()
    day: dt.date = Field(primary_key=True, index=True)
    reads: int


class SubscriberRow(SQLModel, table=True):
    """An address that asked for letters, as it was written and as it is compared. Of the token in a letter
    that asks whether that is so, only the hash is kept; `asked_at` is when that letter went out.
    """

    __tablename__ = "subscriber"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    key: str = Field(unique=True)
    address: str
    confirm_hash: str | None = Field(default=None, unique=True)
    asked_at: dt.datetime | None = _time(default=None)


class SubscriptionRow(SQLModel, table=True):
    """Whom an address follows, from when it said yes; `token` is in every letter and ends it."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("subscriber_id", "author_id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    subscriber_id: int = _id()
    author_id: int = _id(index=True)
    token: str = Field(unique=True)
    created_at: dt.datetime = _time()
    confirmed_at: dt.datetime | None = _time(default=None)


class LetterRow(SQLModel, table=True):
    """A letter to be sent, or what became of it. Once `started_at` is set it may be on its way."""

    __tablename__ = "letter"
    __table_args__ = (Index("letter_due", "state", "not_before"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    subscriber_id: int = _id(index=True)
    author_id: int | None = _id(default=None)  # None where it asks for a confirmation
    state: str = "queued"
    reason: str | None = None
    detail: str | None = None
    refusals: int = 0
    not_before: dt.datetime = _time()
    enqueued_at: dt.datetime | None = _time(default=None)
    started_at: dt.datetime | None = _time(default=None, index=True)
    created_at: dt.datetime = _time()
    updated_at: dt.datetime = _time()


class LetterThreadRow(SQLModel, table=True):
    """Which letter told whom of a thread: one and no other."""

    __tablename__ = "letter_thread"
    subscriber_id: int = _key()
    thread_id: int = _key()
    letter_id: int = _id(index=True)


class SpendRow(SQLModel, table=True):
    """What one answer of X cost: by UTC day, job and resource."""

    __tablename__ = "spend"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    day: dt.date = Field(index=True)
    job_id: int | None = _id(default=None, index=True)
    resource: str
    count: int
    micro_usd: int = _id()
    recheck: bool = False  # spent on reading saved posts again
    booked_at: dt.datetime = _time()


class SpendSumRow(SQLModel, table=True):
    """The sums of `spend`, kept with every booking: each call to X asks what is left of the day's money."""

    __tablename__ = "spend_sum"
    day: dt.date = Field(primary_key=True)
    resource: str = Field(primary_key=True)
    recheck: bool = Field(primary_key=True)
    micro_usd: int = _id()


class PurchaseRow(SQLModel, table=True):
    """What was bought on a day: X bills the same post or user once a UTC day."""

    __tablename__ = "purchase"
    day: dt.date = Field(primary_key=True)
    resource: str = Field(primary_key=True)
    item_id: int = _key()


class ReservationRow(SQLModel, table=True):
    """Money set aside for a call that is under way; it falls back when the time is over."""

    __tablename__ = "reservation"
    id: str = Field(primary_key=True)
    day: dt.date = Field(index=True)
    micro_usd: int = _id()
    expires_at: dt.datetime = _time()


class LeaseRow(SQLModel, table=True):
    """A name that one process holds for a while, such as a conversation that is being fetched."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    token: str
    until: dt.datetime = _time()


class FoundReplyRow(SQLModel, table=True):
    """Which mention a reply of ours answers, as X told where a restored backup knew nothing of it."""

    __tablename__ = "found_reply"
    mention_id: int = _key()
    reply_id: int = _id()


class NoteRow(SQLModel, table=True):
    """Single facts the processes share: the mentions' cursor, who the bot is, why it is paused."""

    __tablename__ = "note"
    name: str = Field(primary_key=True)
    value: dict[str, Any] = Field(sa_type=JSON)
    updated_at: dt.datetime = _time()
