"""The refusal of HTTP/2 connections, which gRPC clients open.

Kitex's gRPC client does not notice a closed connection and waits for its deadline. A GOAWAY frame
fails its calls at once (RFC 9113, sections 4.1, 6.5 and 6.8).

    u24 length · u8 type · u8 flags · u32 stream · payload
"""

import struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0"
_SETTINGS, _GOAWAY, _HTTP_1_1_REQUIRED = 4, 7, 13


def _frame(kind: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, 0, 0) + payload


REFUSAL: Final = _frame(_SETTINGS) + _frame(
    _GOAWAY, struct.pack(">II", 0, _HTTP_1_1_REQUIRED) + b"only Thrift is served here"
)
"""The frames sent before the connection is closed."""
