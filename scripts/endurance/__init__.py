"""How the whole system holds out: a long load, attacks, and many kills."""
