"""Jobs are counted by state and reason, and the newest reply is found, without reading every row."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("job_counts", "job", ["state", "reason"], unique=False)
    op.create_index("ix_job_reply_started_at", "job", ["reply_started_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_job_reply_started_at", "job")
    op.drop_index("job_counts", "job")
