"""The beginnings of words, found as quickly as whole ones, and the words of heads on their own."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MADE = "CREATE VIRTUAL TABLE {} USING fts5(head, body, tokenize = 'ascii', detail = 'column'{})"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _made_anew(", prefix = '3'")
        return
    op.execute("ALTER TABLE search ADD COLUMN head TSVECTOR")
    op.execute("UPDATE search SET head = strip(ts_filter(words, '{a}')), words = strip(words)")
    op.execute("ALTER TABLE search ALTER COLUMN head SET NOT NULL")
    op.execute("CREATE INDEX search_head ON search USING gin (head)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _made_anew("")
    else:
        op.execute("ALTER TABLE search DROP COLUMN head")


def _made_anew(more: str) -> None:
    op.execute(MADE.format("search_new", more))
    op.execute("INSERT INTO search_new (rowid, head, body) SELECT rowid, head, body FROM search")
    op.execute("DROP TABLE search")
    op.execute("ALTER TABLE search_new RENAME TO search")
