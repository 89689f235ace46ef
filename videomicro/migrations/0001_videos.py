"""Videos, and the clock that gives each its own time."""

from peewee import BigAutoField, BigIntegerField, BooleanField, CharField, IntegerField, Model

from microkit.storage.schema import create_table


class Video(Model):
    id = BigAutoField()
    author_id = BigIntegerField()
    title = CharField(max_length=128)
    play_url = CharField(max_length=512)
    cover_url = CharField(max_length=512)
    created_ms = BigIntegerField(unique=True)
    deleted = BooleanField(default=False)

    class Meta:
        table_name = "video"
        indexes = (
            (("deleted", "created_ms"), False),
            (("author_id", "deleted", "created_ms"), False),
        )


class Clock(Model):
    id = IntegerField(primary_key=True)
    latest_ms = BigIntegerField()

    class Meta:
        table_name = "video_clock"


def up(migrator, db):
    create_table(db, Video)
    create_table(db, Clock)
    # MySQL commits tables at once: this may have been done before, and not been noted.
    Clock.insert(id=1, latest_ms=0).on_conflict_ignore().execute()


def down(migrator, db):
    migrator.migrate(migrator.drop_table("video"), migrator.drop_table("video_clock"))
