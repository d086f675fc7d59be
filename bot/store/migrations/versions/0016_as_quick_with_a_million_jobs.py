"""What a job, a look and the budget ask for is found as quickly among a million jobs as among a thousand."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEXES = {
    "job_thread": ["thread_id", "kind", "created_at"],
    "job_kind_state": ["kind", "state", "id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "job", columns)
    op.drop_index("ix_job_thread_id", table_name="job")  # `job_thread` begins with it
    op.create_table(
        "spend_sum",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("resource", sa.String(), primary_key=True),
        sa.Column("recheck", sa.Boolean(), primary_key=True),
        sa.Column("micro_usd", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "INSERT INTO spend_sum (day, resource, recheck, micro_usd)"
        " SELECT day, resource, recheck, sum(micro_usd) FROM spend GROUP BY day, resource, recheck"
    )


def downgrade() -> None:
    op.drop_table("spend_sum")
    op.create_index("ix_job_thread_id", "job", ["thread_id"])
    for name in INDEXES:
        op.drop_index(name, table_name="job")
