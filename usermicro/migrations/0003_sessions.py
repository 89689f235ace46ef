"""Ended sessions: how often, and when those of an account were ended last (0: never)."""

from microkit.storage.schema import add_column, add_index


def up(migrator, db):
    for name in ("session_generation", "sessions_ended_ms"):
        add_column(db, "user", name, "BIGINT NOT NULL DEFAULT 0")
    add_index(migrator, db, "user", "sessions_ended_ms")


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("user", "user_sessions_ended_ms"),
        migrator.drop_column("user", "sessions_ended_ms"),
        migrator.drop_column("user", "session_generation"),
    )
