"""TApplicationException: encoding, decoding and its errors."""

import pytest

from microkit.errors import DeadlineExceeded, ServiceError, UnknownMethod
from microkit.rpc.exception import (
    DEADLINE,
    INTERNAL,
    INTERNAL_ERROR,
    PROTOCOL_ERROR,
    UNKNOWN_METHOD,
    ApplicationException,
)


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        (ApplicationException(UNKNOWN_METHOD, "unknown method X"), UnknownMethod),
        (ApplicationException(PROTOCOL_ERROR, "数据错误"), ServiceError),
        (ApplicationException(INTERNAL_ERROR, "biz error"), ServiceError),
        (INTERNAL, ServiceError),
        (DEADLINE, DeadlineExceeded),
        (ApplicationException(PROTOCOL_ERROR, DEADLINE.text), ServiceError),
    ],
)
def test_an_exception_survives_a_round_trip_and_has_its_error(exception, error):
    decoded = ApplicationException.decode(b"..." + exception.encode(), 3)
    assert decoded == exception
    assert type(decoded.error()) is error


def test_a_truncated_exception_is_decoded_in_part():
    whole = ApplicationException(UNKNOWN_METHOD, "unknown").encode()
    for end in range(len(whole) - 1):
        assert ApplicationException.decode(whole[:end], 0).type in (0, UNKNOWN_METHOD)
    assert ApplicationException.decode(b"", 0) == ApplicationException()
