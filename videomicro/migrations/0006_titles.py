"""The index of titles, the hashtags, and how far the index goes: the service fills it."""

from peewee import BigAutoField, BigIntegerField, CompositeKey, IntegerField, Model

from microkit.storage.fields import BytesKeyField
from microkit.storage.schema import create_table


class Term(Model):
    term = BytesKeyField(max_length=132)
    created_ms = BigIntegerField()
    video_id = BigIntegerField()

    class Meta:
        table_name = "video_term"
        primary_key = CompositeKey("term", "created_ms")
        without_rowid = True


class Hashtag(Model):
    id = BigAutoField()
    name = BytesKeyField(max_length=132, unique=True)
    videos = BigIntegerField(index=True)

    class Meta:
        table_name = "hashtag"


class Indexing(Model):
    id = IntegerField(primary_key=True)
    done_ms = BigIntegerField()

    class Meta:
        table_name = "video_indexing"


def up(migrator, db):
    for model in (Term, Hashtag, Indexing):
        create_table(db, model)
    # MySQL commits tables at once: this may have been done before, and not been noted.
    Indexing.insert(id=1, done_ms=0).on_conflict_ignore().execute()


def down(migrator, db):
    migrator.migrate(
        migrator.drop_table("video_term"),
        migrator.drop_table("hashtag"),
        migrator.drop_table("video_indexing"),
    )
