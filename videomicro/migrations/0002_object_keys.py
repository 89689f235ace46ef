"""Which keys of objects are in use, and when the next sweep of the object store is due."""

from peewee import BigIntegerField, IntegerField, Model

from microkit.storage.schema import add_index, create_table


class Sweep(Model):
    id = IntegerField(primary_key=True)
    due_ms = BigIntegerField()

    class Meta:
        table_name = "video_sweep"


def up(migrator, db):
    create_table(db, Sweep)
    Sweep.insert(id=1, due_ms=0).on_conflict_ignore().execute()
    for column in ("play_url", "cover_url"):
        add_index(migrator, db, "video", column)


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("video", "video_play_url"),
        migrator.drop_index("video", "video_cover_url"),
        migrator.drop_table("video_sweep"),
    )
