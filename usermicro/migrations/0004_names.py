"""The index of names, and how far it goes: the service fills it."""

from peewee import BigIntegerField, CompositeKey, IntegerField, Model

from microkit.storage.fields import BytesKeyField
from microkit.storage.schema import create_table


class Term(Model):
    term = BytesKeyField(max_length=132)
    user_id = BigIntegerField()

    class Meta:
        table_name = "user_term"
        primary_key = CompositeKey("term", "user_id")
        without_rowid = True


class Indexing(Model):
    id = IntegerField(primary_key=True)
    done_id = BigIntegerField()

    class Meta:
        table_name = "user_indexing"


def up(migrator, db):
    for model in (Term, Indexing):
        create_table(db, model)
    # MySQL commits tables at once: this may have been done before, and not been noted.
    Indexing.insert(id=1, done_id=0).on_conflict_ignore().execute()


def down(migrator, db):
    migrator.migrate(migrator.drop_table("user_term"), migrator.drop_table("user_indexing"))
