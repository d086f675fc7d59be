"""Smaller copies of pictures, and which pictures have been looked at for them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media_copy",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "width"),
    )
    op.create_index("ix_media_copy_file", "media_copy", ["file"])
    op.add_column("media", sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("media_uncopied", "media", ["state", "copied_at"])


def downgrade() -> None:
    op.drop_index("media_uncopied", "media")
    op.drop_column("media", "copied_at")
    op.drop_table("media_copy")
