"""What pages show and when X confirmed it, what went, and what looking again costs."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    shown = op.create_table(
        "shown_post",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "post_id"),
    )
    op.create_index("ix_shown_post_post_id", "shown_post", ["post_id"], unique=False)
    op.create_table(
        "removal",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_removal_removed_at", "removal", ["removed_at"], unique=False)
    op.add_column("spend", sa.Column("recheck", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("thread", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_thread_confirmed_at", "thread", ["confirmed_at"], unique=False)
    op.execute("UPDATE thread SET confirmed_at = fetched_at")
    threads = op.get_bind().execute(sa.text("SELECT id, body FROM thread WHERE gone_at IS NULL")).all()
    rows = [{"thread_id": thread, "post_id": post} for thread, body in threads for post in _shown(body)]
    op.bulk_insert(shown, rows)


def downgrade() -> None:
    op.drop_index("ix_thread_confirmed_at", table_name="thread")
    op.drop_column("thread", "confirmed_at")
    op.drop_column("spend", "recheck")
    op.drop_table("removal")
    op.drop_table("shown_post")


def _shown(body: str) -> set[int]:
    thread = json.loads(body)
    forks = [post for fork in thread["forks"] for post in fork["posts"]]
    return {post["id"] for post in (*thread["posts"], *forks, *(quote["post"] for quote in thread["quotes"]))}
