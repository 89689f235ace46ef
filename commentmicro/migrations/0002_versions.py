"""Versions of the lists of comments: replicas of the database are read only if they have them."""

from peewee import SQL, BigIntegerField


def up(migrator, db):
    # MySQL commits a column at once: this may have been done before, and not been noted.
    if "version" not in {column.name for column in db.get_columns("comment_count")}:
        # The default is the server's: processes of the version before go on inserting rows.
        column = BigIntegerField(null=True, constraints=[SQL("DEFAULT 0")])
        migrator.migrate(migrator.add_column("comment_count", "version", column))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("comment_count", "version"))
