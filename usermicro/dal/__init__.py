"""The users' table and its queries."""
