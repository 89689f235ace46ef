"""The videos' table and its queries."""
