"""Where data are kept: SQL, Redis, objects. The URL's scheme chooses which."""
