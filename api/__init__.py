"""The HTTP API: HTTP in, RPC out."""
