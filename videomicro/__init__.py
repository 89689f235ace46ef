"""Videos: what was published, by whom and when, and the feed."""

from microkit.service import Service

SERVICE = Service("videoservice", "videomicro", 10001, stores=("sql",))
