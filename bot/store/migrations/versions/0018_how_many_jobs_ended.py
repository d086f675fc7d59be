"""How many jobs ended, and how, is counted by the database itself: by triggers, in the transaction that
changes a job, whoever does it and whatever version of the bot. Each change is a row of its own: one row for
all would make all workers wait for each other.
"""
# ruff: noqa: S608 - names of our own

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OPEN = "('queued', 'waiting', 'running')"
CAME, WENT = (f"{row}.state NOT IN {OPEN}" for row in ("NEW", "OLD"))
CHANGED = "(OLD.state {unlike} NEW.state OR OLD.reason {unlike} NEW.reason)"
INSERT = "INSERT INTO job_count (state, reason, jobs) VALUES ({row}.state, {row}.reason, {jobs});"
ONE_MORE, ONE_LESS = INSERT.format(row="NEW", jobs=1), INSERT.format(row="OLD", jobs=-1)

SQLITE = {
    "job_counted_new": f"AFTER INSERT ON job WHEN {CAME} BEGIN {ONE_MORE} END",
    "job_counted_gone": f"AFTER DELETE ON job WHEN {WENT} BEGIN {ONE_LESS} END",
    "job_counted_ended": "AFTER UPDATE OF state, reason ON job "
    f"WHEN {CAME} AND {CHANGED.format(unlike='IS NOT')} BEGIN {ONE_MORE} END",
    "job_counted_again": "AFTER UPDATE OF state, reason ON job "
    f"WHEN {WENT} AND {CHANGED.format(unlike='IS NOT')} BEGIN {ONE_LESS} END",
}

FUNCTION = f"""
CREATE OR REPLACE FUNCTION unroll_count_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF {WENT} THEN {ONE_LESS} END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF {CAME} THEN {ONE_MORE} END IF;
    END IF;
    RETURN NULL;
END $$
"""
DIFFERS = CHANGED.format(unlike="IS DISTINCT FROM")
POSTGRESQL = {
    "job_counted_new": f"AFTER INSERT ON job FOR EACH ROW WHEN ({CAME})",
    "job_counted_gone": f"AFTER DELETE ON job FOR EACH ROW WHEN ({WENT})",
    "job_counted_changed": "AFTER UPDATE OF state, reason ON job FOR EACH ROW "
    f"WHEN ({DIFFERS} AND ({CAME} OR {WENT}))",
}


def upgrade() -> None:
    op.create_table(
        "job_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
    )
    # The triggers come first: nobody can write past them while the jobs are counted.
    if op.get_bind().dialect.name == "sqlite":
        for name, words in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {words}")
    else:
        op.execute(FUNCTION)
        for name, words in POSTGRESQL.items():
            op.execute(f"CREATE TRIGGER {name} {words} EXECUTE FUNCTION unroll_count_job()")
    op.execute(
        "INSERT INTO job_count (state, reason, jobs)"
        f" SELECT state, reason, count(*) FROM job WHERE state NOT IN {OPEN} GROUP BY state, reason"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in POSTGRESQL:
            op.execute(f"DROP TRIGGER {name} ON job")
        op.execute("DROP FUNCTION unroll_count_job()")
    op.drop_table("job_count")
