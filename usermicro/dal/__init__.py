"""The user table and its queries."""
