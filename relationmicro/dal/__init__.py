"""Follows and messages in Redis."""
