"""The video tables and their queries."""
