"""Names are unique in their normal form (NFKC, without blanks at the ends).

Each account gets the normal form of its name as its key, the oldest first. One whose normal form is
taken already keeps its name as it is: its owner can log in as before.
"""

import unicodedata

from peewee import BigAutoField, CharField, Model

from microkit.storage.fields import BytesKeyField

ROWS = 1000
EMOJI_PARTS = {0x200D: None, 0xFE0E: None, 0xFE0F: None}


class User(Model):
    id = BigAutoField()
    name = CharField(max_length=32)
    name_key = BytesKeyField(max_length=128, unique=True)

    class Meta:
        table_name = "user"


def up(migrator, db):
    with User.bind_ctx(db):
        for user_id, name in names():
            key = unicodedata.normalize("NFKC", name.translate(EMOJI_PARTS)).strip()
            if key != name and 0 < len(key) <= 32 and not taken(key):
                rename(user_id, key)


def down(migrator, db):
    with User.bind_ctx(db):
        for user_id, name in names():
            rename(user_id, name)


def names():
    last = 0
    while rows := list(
        User.select(User.id, User.name).where(User.id > last).order_by(User.id).limit(ROWS).tuples()
    ):
        yield from rows
        last = rows[-1][0]


def taken(key):
    return User.select().where(User.name_key == key.encode()).exists()


def rename(user_id, key):
    User.update(name_key=key).where(User.id == user_id).execute()
