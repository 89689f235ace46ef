# Written by scripts/stubs from errors.thrift; do not edit.
import enum

class ErrorCode(enum.IntEnum):
    SERVICE_ERROR = 10001  # anything unexpected
    PARAM_ERROR = 10002  # an argument is missing, malformed or out of its bounds
    ALREADY_EXISTS = 10003  # the object to create exists already
    UNAUTHORIZED = 10004  # no valid token, or a wrong name or password
    STORE_ERROR = 10005  # a database or Redis failed; the call may have been handled
    UNAVAILABLE = 10006  # a service did not answer; the call may have been handled
    NOT_FOUND = 10007  # the object does not exist
    FORBIDDEN = 10008  # the caller is logged in but not allowed to do this
