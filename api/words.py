"""A list of words that texts for others must not contain; off unless `words_file` names a file.

The fields are those with ``api.words`` in the IDL: titles, comments, messages, names and
signatures.
"""

import unicodedata
from pathlib import Path
from typing import Any, Final

import msgspec

from microkit.config import ConfigError
from microkit.errors import ParamError
from microkit.rpc.structs import fields_of
from microkit.text import folded

_MAX_BYTES: Final = 4 << 20
_FORMAT: Final = "Cf"  # zero-width characters and bidirectional marks
_COMMENT: Final = "#"


class WordList:
    """Finds words with one pass over a text, however many there are (Aho-Corasick).

    Texts and words are compared in a normal form: NFKC, without case and without zero-width
    characters. A word of Latin letters and digits is found only as a whole word.
    """

    def __init__(self, words: list[str]) -> None:
        # An extra: most installations have no list.
        try:
            import ahocorasick
        except ImportError as error:
            raise ConfigError(
                "WORDS_FILE: needs pyahocorasick: pip install pyahocorasick"
            ) from error
        self._automaton: Any = ahocorasick.Automaton()
        for word in filter(None, map(_normal, words)):
            self._automaton.add_word(word, word)
        self._automaton.make_automaton()

    @classmethod
    def load(cls, file: str) -> "WordList | None":
        """Read a file of UTF-8, a word on each line; lines that begin with # are comments.

        Raises:
            ConfigError: the file cannot be read, is larger than 4 MiB or has no word.
        """
        if not file:
            return None
        try:
            path = Path(file)
            if path.stat().st_size > _MAX_BYTES:
                raise ConfigError("WORDS_FILE: the file is larger than 4 MiB")
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"WORDS_FILE: cannot read {file}: {error}") from error
        words = [line.strip() for line in lines if not line.startswith(_COMMENT)]
        if not any(map(_normal, words)):
            raise ConfigError(f"WORDS_FILE: {file} has no word")
        return cls(words)

    def has(self, text: str) -> bool:
        """Return whether a text contains a word of the list."""
        normal = _normal(text)
        return any(
            not word.isascii() or _is_whole(normal, end + 1 - len(word), end + 1)
            for end, word in self._automaton.iter(normal)
        )

    def check(self, request: msgspec.Struct) -> None:
        """Check the texts of a request that others will read.

        Raises:
            ParamError: one of them contains a word of the list.
        """
        for name in names_of(type(request)):
            text = getattr(request, name)
            if text and self.has(text):
                raise ParamError("内容含有不能使用的词")


def names_of(struct: type[Any]) -> list[str]:
    """Return the fields of a request that others will read."""
    return [field.name for field in fields_of(struct) if "api.words" in field.annotations]


def _is_whole(text: str, start: int, end: int) -> bool:
    around = text[max(start - 1, 0) : start], text[end : end + 1]
    return not any(each.isascii() and each.isalnum() for each in around)


def _normal(text: str) -> str:
    return "".join(each for each in folded(text) if unicodedata.category(each) != _FORMAT).strip()
