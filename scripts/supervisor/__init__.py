"""Runs the whole system on one machine: Redis, the services and the API, one process each."""
