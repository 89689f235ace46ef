"""Removed videos whose likes, comments and objects have to be removed too."""

from peewee import BigIntegerField, CharField, IntegerField, Model

from microkit.storage.schema import create_table


class Removal(Model):
    video_id = BigIntegerField(primary_key=True)
    author_id = BigIntegerField()
    keys = CharField(max_length=2048)
    round = IntegerField(default=0)
    due_ms = BigIntegerField(index=True)

    class Meta:
        table_name = "video_removal"


def up(migrator, db):
    create_table(db, Removal)


def down(migrator, db):
    migrator.migrate(migrator.drop_table("video_removal"))
