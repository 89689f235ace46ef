"""Object keys to URLs that a phone reaches."""


def absolute(base: str, stored: str) -> str:
    """Return the URL of a stored object key; what is a URL already stays as it is."""
    if "://" in stored or not stored:
        return stored
    return f"{base}/{stored}"
