"""Ended sessions: how often, and when those of an account were ended last (0: never)."""

from peewee import BigIntegerField


def up(migrator, db):
    # MySQL commits each change at once: some may have been done before, and not been noted.
    present = {column.name for column in db.get_columns("user")}
    for name in ("session_generation", "sessions_ended_ms"):
        if name not in present:
            migrator.migrate(migrator.add_column("user", name, BigIntegerField(default=0)))
    indexed = {column for index in db.get_indexes("user") for column in index.columns}
    if "sessions_ended_ms" not in indexed:
        migrator.migrate(migrator.add_index("user", ("sessions_ended_ms",), False))


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("user", "user_sessions_ended_ms"),
        migrator.drop_column("user", "sessions_ended_ms"),
        migrator.drop_column("user", "session_generation"),
    )
