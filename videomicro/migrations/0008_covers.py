"""The covers that the author of a video can choose from."""

from peewee import BigIntegerField, CharField, CompositeKey, IntegerField, Model

from microkit.storage.schema import create_table


class Cover(Model):
    video_id = BigIntegerField()
    number = IntegerField()
    cover_url = CharField(max_length=512)

    class Meta:
        table_name = "video_cover"
        primary_key = CompositeKey("video_id", "number")
        indexes = ((("cover_url",), False),)


def up(migrator, db):
    create_table(db, Cover)


def down(migrator, db):
    migrator.migrate(migrator.drop_table("video_cover"))
