"""How far a file is that somebody waits for, told by whoever makes it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("export", sa.Column("step", sa.String(), nullable=True))
    op.add_column("export", sa.Column("step_done", sa.Integer(), nullable=True))
    op.add_column("export", sa.Column("step_of", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("step", "step_done", "step_of"):
        op.drop_column("export", name)
