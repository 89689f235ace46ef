"""Accounts: who people are, and their passwords."""

from microkit.service import Service

SERVICE = Service("userservice", "usermicro", 10000, stores=("sql",), commands=("recount",))
