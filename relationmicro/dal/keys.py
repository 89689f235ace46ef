"""Every Redis key of this service.

Each stands under the hash tag of its owner's lane, ``{owner id mod 1024}``, so that a cluster
keeps what belongs together on one node. A chat belongs to the smaller of its two users.

    relation:{lane}:following:ID    zset  whom ID follows, by the time in microseconds
    relation:{lane}:followers:ID    zset  who follows ID, by the time in microseconds
    relation:{lane}:users           set   who in the lane has ever followed or been followed
    relation:{lane}:chat:ID:ID      zset  "id:sender:content" by the time in milliseconds
    relation:{lane}:message_id      int   messages sent in the lane
"""

LANES = 1024


def lane(user_id: int) -> int:
    """Return the lane of an owner."""
    return user_id % LANES


def following(user_id: int) -> str:
    """Return the key of those whom the user follows."""
    return f"relation:{{{lane(user_id)}}}:following:{user_id}"


def followers(user_id: int) -> str:
    """Return the key of those who follow the user."""
    return f"relation:{{{lane(user_id)}}}:followers:{user_id}"


def users(of_lane: int) -> str:
    """Return the key of a lane's users."""
    return f"relation:{{{of_lane}}}:users"


def chat(one: int, other: int) -> str:
    """Return the key of what two users wrote to each other."""
    small, large = sorted((one, other))
    return f"relation:{{{lane(small)}}}:chat:{small}:{large}"


def message_id(one: int, other: int) -> str:
    """Return the key of the counter for the ids of their messages."""
    return f"relation:{{{lane(min(one, other))}}}:message_id"
