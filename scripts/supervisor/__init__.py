"""Runs the whole system on one machine: Redis, five services and the API, as processes."""
