"""The table."""

from peewee import BigAutoField, BigIntegerField, CharField, Model

from microkit.storage.fields import BytesKeyField


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

    class Meta:  # noqa: D106 - peewee's
        table_name = "user"
