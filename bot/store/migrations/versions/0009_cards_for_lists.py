"""Cards for lists, the words a search finds them by, and whose a username was.

Pages that are there already come onto the shelf when they are read again, which is within a day.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id"),
    )
    op.create_index("card_author", "card", ["author_id", "thread_id", "confirmed_at"], unique=False)
    op.create_index("card_made", "card", ["made_at", "thread_id", "confirmed_at"], unique=False)
    op.create_index("card_asked_again", "card", ["asked_again_at", "thread_id", "confirmed_at"], unique=False)
    op.create_index(
        "card_reads", "card", ["reads", "thread_id", "confirmed_at", "asked_again_at"], unique=False
    )
    op.create_table(
        "card_tag",
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tag", "thread_id"),
    )
    op.create_index("ix_card_tag_thread_id", "card_tag", ["thread_id"], unique=False)
    op.create_table(
        "card_text",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id"),
    )
    op.create_table(
        "author_shelf",
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("author_id"),
    )
    op.create_table(
        "author_name",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("ix_author_name_author_id", "author_name", ["author_id"], unique=False)
    _make_search()
    _names()


def downgrade() -> None:
    for table in ("search", "author_name", "author_shelf", "card_text", "card_tag", "card"):
        op.drop_table(table)


def _make_search() -> None:
    """See `bot.store.search`."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search USING fts5(head, body, tokenize = 'ascii', detail = 'column')"
        )
    else:
        op.execute("CREATE TABLE search (thread_id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX search_words ON search USING gin (words)")


def _names() -> None:
    op.execute(
        "INSERT INTO author_name (name, author_id) SELECT name, id FROM (SELECT lower(username) AS name, id, "
        "row_number() OVER (PARTITION BY lower(username) ORDER BY updated_at DESC, id) AS turn "
        "FROM author) AS a WHERE turn = 1"
    )
