"""Every Redis key of this service.

Each stands under the hash tag of its owner's lane, ``{owner id mod 1024}``, so that a cluster
keeps what belongs together on one node.

    favorite:{lane}:given:USER       zset  videos that the user likes, by the time in microseconds
    favorite:{lane}:users            set   users of the lane who ever liked something
    favorite:{lane}:likers:VIDEO     set   users who like the video
    favorite:{lane}:authors          hash  author of each video of the lane that was ever liked
    favorite:{lane}:received:AUTHOR  int   likes of all videos of the author
    favorite:{lane}:liked:AUTHOR     set   videos of the author that were ever liked
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
    """Return the key of those who like the video."""
    return f"favorite:{{{lane(video_id)}}}:likers:{video_id}"


def authors(of_lane: int) -> str:
    """Return the key of the authors of a lane's videos."""
    return f"favorite:{{{of_lane}}}:authors"


def received(author_id: int) -> str:
    """Return the key of the author's count."""
    return f"favorite:{{{lane(author_id)}}}:received:{author_id}"


def liked(author_id: int) -> str:
    """Return the key of the author's videos that were ever liked."""
    return f"favorite:{{{lane(author_id)}}}:liked:{author_id}"
