"""The tables."""

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


class Clock(Model):
    """One row: the time of the newest change, locked by every change until its commit.

    It is also the version of the video table; `changes` counts new titles and deletions.
    """

    id = IntegerField(primary_key=True)
    latest_ms = BigIntegerField()
    changes = BigIntegerField(default=0)

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_clock"


class Sweep(Model):
    """One row: when the next sweep of the object store is due (ms since 1970)."""

    id = IntegerField(primary_key=True)
    due_ms = BigIntegerField()

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_sweep"


class Video(Model):
    """A video. `created_ms` (since 1970) is unique, grows with every row and sorts the feed."""

    id = BigAutoField()
    author_id = BigIntegerField()
    title = CharField(max_length=128)
    play_url = CharField(max_length=512)
    cover_url = CharField(max_length=512)
    created_ms = BigIntegerField(unique=True)
    deleted = BooleanField(default=False)  # or pending, or hidden by an operator: nobody sees it
    hls_url = CharField(max_length=512, default="")

    class Meta:  # noqa: D106 - peewee's
        table_name = "video"
        indexes = (
            (("deleted", "created_ms"), False),
            (("author_id", "deleted", "created_ms"), False),
            (("play_url",), False),
            (("cover_url",), False),
            (("hls_url",), False),
        )


class Removal(Model):
    """A removed video of which likes, comments or objects may be left, and when it is due."""

    video_id = BigIntegerField(primary_key=True)
    author_id = BigIntegerField()
    keys = CharField(max_length=2048)  # what the video referred to, a line each
    round = IntegerField(default=0)
    due_ms = BigIntegerField(index=True)

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_removal"


class Rendition(Model):
    """A video of which renditions have to be made; the row goes when they are ready.

    `turn_ms` sorts the work so that authors take turns. `attempt` names who has the lease.
    """

    video_id = BigIntegerField(primary_key=True)
    author_id = BigIntegerField()
    pending = BooleanField(column_name="hidden")  # published when it is converted
    failed = BooleanField(default=False)
    turn_ms = BigIntegerField()
    lease_ms = BigIntegerField(default=0)
    attempt = CharField(max_length=64, default="")
    attempts = IntegerField(default=0)
    progress = IntegerField(default=0)

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_rendition"
        indexes = ((("failed", "turn_ms"), False), (("author_id", "turn_ms"), False))


class Cover(Model):
    """A cover that the author of a video can choose; number 0 is the one it was published with."""

    video_id = BigIntegerField()
    number = IntegerField()
    cover_url = CharField(max_length=512)

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_cover"
        primary_key = CompositeKey("video_id", "number")
        indexes = ((("cover_url",), False),)


class Hidden(Model):
    """A video that an operator has hidden: its row is marked as deleted."""

    video_id = BigIntegerField(primary_key=True)

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_hidden"


class Term(Model):
    """A term of a video's title, see `microkit.terms`; a hashtag's has its sign."""

    term = BytesKeyField(max_length=MAX_TERM_BYTES)
    created_ms = BigIntegerField()
    video_id = BigIntegerField()

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_term"
        primary_key = CompositeKey("term", "created_ms")


class Hashtag(Model):
    """A hashtag in its normal form, and how many videos have it."""

    id = BigAutoField()
    name = BytesKeyField(max_length=MAX_TERM_BYTES, unique=True)
    videos = BigIntegerField(index=True)

    class Meta:  # noqa: D106 - peewee's
        table_name = "hashtag"


class Indexing(Model):
    """One row: all videos up to this time (ms since 1970) are in the index of titles."""

    id = IntegerField(primary_key=True)
    done_ms = BigIntegerField()

    class Meta:  # noqa: D106 - peewee's
        table_name = "video_indexing"
