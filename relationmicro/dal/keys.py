"""Every Redis key of this service.

Lane: owner id mod 1024, the hash tag that keeps an owner's keys on one cluster slot. The owner of a
chat is the smaller of its two user ids. A follow touches two owners: on a cluster `followers` is a
mirror of `following`, see `relationmicro.dal.mirrored`.

    relation:{lane}:following:ID    zset  users that ID follows, by time in microseconds
    relation:{lane}:followers:ID    zset  followers of ID, by time in microseconds
    relation:{lane}:users           set   users of the lane that ever followed or were followed
    relation:{lane}:chat:ID:ID      zset  "id:sender:content" by time in milliseconds
    relation:{lane}:message_id      int   messages sent in the lane
    relation:{lane}:inbox:ID        zset  users with whom ID has a chat, by its newest time in ms
    relation:{lane}:read:ID         hash  how far ID has read the chat with a user, in ms
    relation:{0}:inboxes            int   1: every chat is in the inboxes of its two users
    relation:{lane}:blocked:ID      zset  users that ID blocks, by time in microseconds
    relation:{lane}:apart:ID        zset  users apart from ID: 1 ID blocks them, 2 they block ID, 3

On a cluster only, see `microkit.storage.lanes`; an edge is "actor:target":

    relation:{lane}:log             zset  edges of the lane's actors, by version
    relation:{lane}:applied         zset  edges to the lane's targets, by version
    relation:{lane}:versions        hash  "last" and "floor"
    relation:{lane}:inbox_log       zset  chats "ID:ID" that may be missing in the inbox of the
                                          larger id, by their newest time in ms
"""

LANES = 1024


def lane(user_id: int) -> int:
    """Return the lane of an owner."""
    return user_id % LANES


def following(user_id: int) -> str:
    """Return the key of the users that the user follows."""
    return f"relation:{{{lane(user_id)}}}:following:{user_id}"


def followers(user_id: int) -> str:
    """Return the key of the user's followers."""
    return f"relation:{{{lane(user_id)}}}:followers:{user_id}"


def blocked(user_id: int) -> str:
    """Return the key of the users that the user blocks."""
    return f"relation:{{{lane(user_id)}}}:blocked:{user_id}"


def apart(user_id: int) -> str:
    """Return the key of the users that the user blocks or is blocked by."""
    return f"relation:{{{lane(user_id)}}}:apart:{user_id}"


def users(of_lane: int) -> str:
    """Return the key of a lane's users."""
    return f"relation:{{{of_lane}}}:users"


def chat(one: int, other: int) -> str:
    """Return the key of two users' chat."""
    small, large = sorted((one, other))
    return f"relation:{{{lane(small)}}}:chat:{small}:{large}"


def message_id(one: int, other: int) -> str:
    """Return the key of the counter for the ids of two users' messages."""
    return f"relation:{{{lane(min(one, other))}}}:message_id"


def inbox(user_id: int) -> str:
    """Return the key of the user's conversations."""
    return f"relation:{{{lane(user_id)}}}:inbox:{user_id}"


def read(user_id: int) -> str:
    """Return the key of how far the user has read each conversation."""
    return f"relation:{{{lane(user_id)}}}:read:{user_id}"


def inboxes() -> str:
    """Return the key that says whether the chats from before there were inboxes are in them."""
    return "relation:{0}:inboxes"


def inbox_log(of_lane: int) -> str:
    """Return the key of the lane's chats that may be missing in an inbox of another lane."""
    return f"relation:{{{of_lane}}}:inbox_log"


def log(of_lane: int) -> str:
    """Return the key of the lane's follows whose mirrors may be out of date."""
    return f"relation:{{{of_lane}}}:log"


def applied(of_lane: int) -> str:
    """Return the key of the last versions of the follows mirrored in the lane."""
    return f"relation:{{{of_lane}}}:applied"


def versions(of_lane: int) -> str:
    """Return the key of the lane's last version and floor."""
    return f"relation:{{{of_lane}}}:versions"
