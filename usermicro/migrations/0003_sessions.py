"""Ended sessions: how often, and when those of an account were ended last (0: never)."""

from microkit.storage.schema import add_column


def up(migrator, db):
    for name in ("session_generation", "sessions_ended_ms"):
        add_column(db, "user", name, "BIGINT NOT NULL DEFAULT 0")
    indexed = {column for index in db.get_indexes("user") for column in index.columns}
    if "sessions_ended_ms" not in indexed:
        migrator.migrate(migrator.add_index("user", ("sessions_ended_ms",), False))


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("user", "user_sessions_ended_ms"),
        migrator.drop_column("user", "sessions_ended_ms"),
        migrator.drop_column("user", "session_generation"),
    )
