"""The comment tables and their queries."""
