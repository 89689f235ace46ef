"""The comments' tables and their queries."""
