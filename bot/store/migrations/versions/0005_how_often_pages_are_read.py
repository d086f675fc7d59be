"""How often pages are read: a count for each thread and day."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "read_count",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "day"),
    )
    op.create_index("ix_read_count_day", "read_count", ["day"], unique=False)


def downgrade() -> None:
    op.drop_table("read_count")
