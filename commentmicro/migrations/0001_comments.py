"""Comments and their counts."""

from peewee import BigAutoField, BigIntegerField, BooleanField, CharField, Model

from microkit.storage.schema import create_table


class Comment(Model):
    id = BigAutoField()
    video_id = BigIntegerField()
    user_id = BigIntegerField()
    content = CharField(max_length=500)
    created_ms = BigIntegerField()
    deleted = BooleanField(default=False)

    class Meta:
        table_name = "comment"
        indexes = ((("video_id", "deleted", "id"), False),)


class CommentCount(Model):
    video_id = BigIntegerField(primary_key=True)
    count = BigIntegerField()

    class Meta:
        table_name = "comment_count"


def up(migrator, db):
    create_table(db, Comment)
    create_table(db, CommentCount)


def down(migrator, db):
    migrator.migrate(migrator.drop_table("comment"), migrator.drop_table("comment_count"))
