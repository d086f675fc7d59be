"""Indexes under which the operator looks for jobs."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {
    "job_state": ["state", "id"],
    "job_reason": ["reason", "id"],
    "job_kind": ["kind", "id"],
    "ix_job_author_id": ["author_id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "job", columns, unique=False)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="job")
