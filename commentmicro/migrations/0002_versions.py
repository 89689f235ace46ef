"""Versions of the lists of comments: replicas of the database are read only if they have them."""

from microkit.storage.schema import add_column


def up(migrator, db):
    add_column(db, "comment_count", "version", "BIGINT NULL DEFAULT 0")


def down(migrator, db):
    migrator.migrate(migrator.drop_column("comment_count", "version"))
