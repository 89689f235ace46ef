"""Comments on videos."""

from microkit.service import Service

SERVICE = Service("commentservice", "commentmicro", 10004, stores=("sql",), commands=("recount",))
