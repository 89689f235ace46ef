"""Handlers: one module per HTTP IDL, one coroutine per method, with the same names."""
