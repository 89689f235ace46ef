"""Accounts."""

from peewee import BigAutoField, BigIntegerField, CharField, Model

from microkit.storage.fields import BytesKeyField
from microkit.storage.schema import create_table


class User(Model):
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

    class Meta:
        table_name = "user"


def up(migrator, db):
    create_table(db, User)


def down(migrator, db):
    migrator.migrate(migrator.drop_table("user"))
