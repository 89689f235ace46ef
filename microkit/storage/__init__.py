"""Storage: SQL, Redis and objects; the scheme of a URL chooses the engine."""
