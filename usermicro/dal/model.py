"""The table."""

from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    CompositeKey,
    IntegerField,
    Model,
)

from microkit.storage.fields import BytesKeyField
from microkit.terms import MAX_TERM_BYTES


class User(Model):
    """An account. The counts are caches, set by other services (see the IDL).

    `name_key` is the UTF-8 of the name's normal form: it is unique and used for lookups. An older
    account whose normal form was already taken keeps the UTF-8 of its name.
    """

    id = BigAutoField()
    name = CharField(max_length=32)
    name_key = BytesKeyField(max_length=128, unique=True)
    password_hash = CharField(max_length=128)
    email = CharField(max_length=254, null=True)
    avatar = CharField(max_length=512)
    background_image = CharField(max_length=512)
    signature = CharField(max_length=512)
    follow_count = BigIntegerField(default=0)
    follower_count = BigIntegerField(default=0)
    total_favorited = BigIntegerField(default=0)
    work_count = BigIntegerField(default=0)
    favorite_count = BigIntegerField(default=0)
    session_generation = BigIntegerField(default=0)
    sessions_ended_ms = BigIntegerField(default=0, index=True)
    hidden = BooleanField(null=True)

    class Meta:  # noqa: D106 - peewee's
        table_name = "user"


class Report(Model):
    """A report to the operators; `kind` is a ReportedKind of the IDL."""

    id = BigAutoField()
    kind = IntegerField()
    target_id = BigIntegerField()
    reporter_id = BigIntegerField()
    reason = CharField(max_length=200)
    created_ms = BigIntegerField()

    class Meta:  # noqa: D106 - peewee's
        table_name = "report"
        indexes = ((("kind", "target_id", "reporter_id"), True),)


class Term(Model):
    """A term of an account's name, see `microkit.terms`."""

    term = BytesKeyField(max_length=MAX_TERM_BYTES)
    user_id = BigIntegerField()

    class Meta:  # noqa: D106 - peewee's
        table_name = "user_term"
        primary_key = CompositeKey("term", "user_id")


class Indexing(Model):
    """One row: all accounts up to this id are in the index of names."""

    id = IntegerField(primary_key=True)
    done_id = BigIntegerField()

    class Meta:  # noqa: D106 - peewee's
        table_name = "user_indexing"
