"""Every Redis key of this service.

Lane: owner id mod 1024, the hash tag that keeps an owner's keys on one cluster slot. A like touches
keys of three owners: on a cluster all are derived from `given`, see `favoritemicro.dal.mirrored`.

    favorite:{lane}:given:USER       zset  videos that the user likes, by time in microseconds
    favorite:{lane}:users            set   users of the lane that ever liked a video
    favorite:{lane}:likers:VIDEO     set   users that like the video
    favorite:{lane}:authors          hash  author of each video of the lane that was ever liked
    favorite:{lane}:received:AUTHOR  int   likes of all the author's videos
    favorite:{lane}:liked:AUTHOR     set   videos of the author that were ever liked

On a cluster only, see `microkit.storage.lanes`:

    favorite:{lane}:counted:AUTHOR   hash  "count:version" of each video in `liked`: its likers
    favorite:{lane}:log              zset  likes by the lane's users, "user:video:author", and
                                           counts of the lane's videos, "video:author", by version
    favorite:{lane}:applied          zset  likes of the lane's videos, by version
    favorite:{lane}:versions         hash  "last" and "floor"
"""

LANES = 1024


def lane(owner_id: int) -> int:
    """Return the lane of an owner."""
    return owner_id % LANES


def given(user_id: int) -> str:
    """Return the key of the videos that the user likes."""
    return f"favorite:{{{lane(user_id)}}}:given:{user_id}"


def users(of_lane: int) -> str:
    """Return the key of a lane's users."""
    return f"favorite:{{{of_lane}}}:users"


def likers(video_id: int) -> str:
    """Return the key of the users that like the video."""
    return f"favorite:{{{lane(video_id)}}}:likers:{video_id}"


def authors(of_lane: int) -> str:
    """Return the key of the authors of a lane's videos."""
    return f"favorite:{{{of_lane}}}:authors"


def received(author_id: int) -> str:
    """Return the key of the count of likes that the author received."""
    return f"favorite:{{{lane(author_id)}}}:received:{author_id}"


def liked(author_id: int) -> str:
    """Return the key of the author's videos that were ever liked."""
    return f"favorite:{{{lane(author_id)}}}:liked:{author_id}"


def counted(author_id: int) -> str:
    """Return the key of the number of likers of each of the author's videos."""
    return f"favorite:{{{lane(author_id)}}}:counted:{author_id}"


def log(of_lane: int) -> str:
    """Return the key of the lane's likes and counts whose copies may be out of date."""
    return f"favorite:{{{of_lane}}}:log"


def applied(of_lane: int) -> str:
    """Return the key of the last versions of the likes mirrored in the lane."""
    return f"favorite:{{{of_lane}}}:applied"


def versions(of_lane: int) -> str:
    """Return the key of the lane's last version and floor."""
    return f"favorite:{{{of_lane}}}:versions"


def is_not_derived(key: str) -> bool:
    """Whether a key of one Redis is needed on a cluster, which counts `received` itself."""
    return ":received:" not in key
