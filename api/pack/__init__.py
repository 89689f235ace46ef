"""What the services answer to what HTTP clients get: pure."""
