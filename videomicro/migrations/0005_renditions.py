"""Renditions: the videos of which they have to be made, and their playlists."""

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, Model

from microkit.storage.schema import add_column, add_index, create_table


class Rendition(Model):
    video_id = BigIntegerField(primary_key=True)
    author_id = BigIntegerField()
    hidden = BooleanField()
    failed = BooleanField(default=False)
    turn_ms = BigIntegerField()
    lease_ms = BigIntegerField(default=0)
    attempt = CharField(max_length=64, default="")
    attempts = IntegerField(default=0)
    progress = IntegerField(default=0)

    class Meta:
        table_name = "video_rendition"
        indexes = ((("failed", "turn_ms"), False), (("author_id", "turn_ms"), False))


def up(migrator, db):
    create_table(db, Rendition)
    add_column(db, "video", "hls_url", "VARCHAR(512) NOT NULL DEFAULT ''")
    add_index(migrator, db, "video", "hls_url")


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("video", "video_hls_url"),
        migrator.drop_column("video", "hls_url"),
        migrator.drop_table("video_rendition"),
    )
