"""How often titles changed and videos were deleted: the version of what is cached of them."""

from peewee import BigIntegerField


def up(migrator, db):
    # MySQL commits a column at once: this may have been done before, and not been noted.
    if "changes" not in {column.name for column in db.get_columns("video_clock")}:
        column = BigIntegerField(default=0)
        migrator.migrate(migrator.add_column("video_clock", "changes", column))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("video_clock", "changes"))
