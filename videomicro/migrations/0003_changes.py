"""How often titles changed and videos were deleted: the version of what is cached of them."""

from microkit.storage.schema import add_column


def up(migrator, db):
    add_column(db, "video_clock", "changes", "BIGINT NOT NULL DEFAULT 0")


def down(migrator, db):
    migrator.migrate(migrator.drop_column("video_clock", "changes"))
