"""Logging: lines on a terminal, JSON elsewhere; every line has the request id and the trace."""

import logging
import re
import sys
import time
from typing import Final

import msgspec

from microkit import trace
from microkit.config import Settings
from microkit.rpc import metadata

# A second line of defence: our code logs no secret, but a library's error text may contain one.
_SECRETS: Final = re.compile(
    r"(?i)((?:token|password|secret|authorization)[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?|bearer\s+|://[^/\s:@]*:)"
    r"[^\s&\"',@]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
)
# A line feed would let a client forge log lines, an escape sequence would control the terminal.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_COLOURS: Final = {"WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31m"}


def configure(settings: Settings, service: str) -> None:
    """Log to standard error in the format and at the level of the settings."""
    handler = logging.StreamHandler()
    terminal = sys.stderr.isatty()
    lines = settings.log_format == "line" or (settings.log_format == "auto" and terminal)
    handler.setFormatter(Lines(service, colour=terminal) if lines else Json(service))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)


def redact(text: str) -> str:
    """Replace tokens and passwords in `text` by ``***``."""
    return _SECRETS.sub(r"\1***", text)


class Json(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "service": self._service,
            "request_id": metadata.request_id(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        trace_id, span_id = trace.ids()
        if trace_id:
            line |= {"trace_id": trace_id, "span_id": span_id}
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


class Lines(logging.Formatter):
    """Formats a record as one readable line, coloured by level on a terminal."""

    def __init__(self, service: str, *, colour: bool) -> None:
        super().__init__()
        self._service = service
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        request_id = metadata.request_id()
        trace_id, span_id = trace.ids()
        traced = f" trace {trace_id} span {span_id}" if trace_id else ""
        prefix = f" [{request_id}{traced}]" if request_id else ""
        text = f"{_time(record)[11:23]} {record.levelname:<7} {self._service}"
        text += _CONTROL.sub(_escaped, f"{prefix} {redact(record.getMessage())}")
        if record.exc_info:
            # Indented, so that text in an exception cannot pass for a log line.
            lines = redact(self.formatException(record.exc_info)).splitlines()
            text += "".join("\n    " + _CONTROL.sub(_escaped, line) for line in lines)
        colour = _COLOURS.get(record.levelname) if self._colour else None
        return f"{colour}{text}\033[0m" if colour else text


def _escaped(character: re.Match[str]) -> str:
    return repr(character[0])[1:-1]


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
