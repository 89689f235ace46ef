"""Which videos an operator has hidden."""

from peewee import BigIntegerField, Model

from microkit.storage.schema import create_table


class Hidden(Model):
    video_id = BigIntegerField(primary_key=True)

    class Meta:
        table_name = "video_hidden"


def up(migrator, db):
    create_table(db, Hidden)


def down(migrator, db):
    migrator.migrate(migrator.drop_table("video_hidden"))
