"""The tables."""

from peewee import BigAutoField, BigIntegerField, BooleanField, CharField, Model


class Comment(Model):
    """A comment; `created_ms` since 1970."""

    id = BigAutoField()
    video_id = BigIntegerField()
    user_id = BigIntegerField()
    content = CharField(max_length=500)
    created_ms = BigIntegerField()
    deleted = BooleanField(default=False)

    class Meta:  # noqa: D106 - peewee's
        table_name = "comment"
        indexes = ((("video_id", "deleted", "id"), False),)


class CommentCount(Model):
    """A video's comment count, updated in the transaction that adds or deletes a comment.

    `version` grows with each: that of the video's list.
    """

    video_id = BigIntegerField(primary_key=True)
    count = BigIntegerField()
    version = BigIntegerField(default=0)

    class Meta:  # noqa: D106 - peewee's
        table_name = "comment_count"
