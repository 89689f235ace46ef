"""Measures the running system: requests per second, latency, and where the CPU goes."""
