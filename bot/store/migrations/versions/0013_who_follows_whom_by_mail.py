"""Who follows whom by e-mail, and the letters to them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0014"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subscriber",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("confirm_hash", sa.String(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("confirm_hash"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subscriber_id", "author_id"),
        sa.UniqueConstraint("token"),
    )
    op.create_index("ix_subscription_author_id", "subscription", ["author_id"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("letter_due", "letter", ["state", "not_before"], unique=False)
    op.create_index("ix_letter_subscriber_id", "letter", ["subscriber_id"], unique=False)
    op.create_index("ix_letter_started_at", "letter", ["started_at"], unique=False)
    op.create_table(
        "letter_thread",
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "thread_id"),
    )
    op.create_index("ix_letter_thread_letter_id", "letter_thread", ["letter_id"], unique=False)


def downgrade() -> None:
    for table in ("letter_thread", "letter", "subscription", "subscriber"):
        op.drop_table(table)
