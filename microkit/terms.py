"""Terms of a search index: by them every SQL engine gives the same answers.

A text is split into words (letters, digits and marks) and, within scripts that put no blanks
between words, into runs. A word is indexed by its prefixes, a run by its characters and pairs of
characters. So a query is a few terms that are looked up by equality, and an ordinary index of
(term, time) has the matches in the order of a page. The full-text indexes of SQLite, MySQL and
MariaDB tokenise differently, and sort all matches of a word for each page.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from microkit.text import folded

MAX_TERM_BYTES: Final = 132
"""UTF-8 bytes of the longest term: a hashtag of 32 characters and its sign."""
_MAX_PREFIX: Final = 24  # characters of a word that are looked up; the rest is compared
_MAX_TERMS: Final = 512  # of a text: NFKC makes 18 letters of one character
_MAX_QUERY_TERMS: Final = 8
MAX_TAG: Final = 32
_MAX_TAGS: Final = 10
_SIGN: Final = "#"
_VARIATIONS: Final = dict.fromkeys(range(0xFE00, 0xFE10))
# The first and last characters of scripts without blanks between words.
_UNSPACED: Final = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u3005", "\u3007"),
    ("\u3040", "\u30ff"),  # Hiragana, Katakana
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7af"),  # Hangul: a word has endings that a query lacks
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)


class _Piece(NamedTuple):
    """A word, or a run of a script without blanks."""

    text: str
    is_run: bool

    def indexed(self) -> Iterator[str]:
        """Yield the terms by which the piece is found."""
        if self.is_run:
            yield from self.text
            yield from self._pairs()
        else:
            yield from (self.text[:end] for end in range(1, min(len(self.text), _MAX_PREFIX) + 1))

    def looked_up(self) -> Iterator[str]:
        """Yield the terms that every text with the piece has."""
        if self.is_run and len(self.text) > 1:
            yield from self._pairs()
        else:
            yield self.text[:_MAX_PREFIX]

    def is_in(self, pieces: "list[_Piece]") -> bool:
        """Return whether one of a text's pieces begins with the word or contains the run."""
        if self.is_run:
            return any(each.is_run and self.text in each.text for each in pieces)
        return any(not each.is_run and each.text.startswith(self.text) for each in pieces)

    def _pairs(self) -> Iterator[str]:
        return map("".join, zip(self.text, self.text[1:], strict=False))


class Query:
    """What a person looks for: every word as the beginning of a word, every run as it is.

    Attributes:
        terms: that every match has; empty if the query has neither letters nor digits.
    """

    def __init__(self, text: str) -> None:
        self._pieces = _pieces(text)
        found = dict.fromkeys(term for piece in self._pieces for term in piece.looked_up())
        self.terms = list(found)[:_MAX_QUERY_TERMS]

    def matches(self, text: str) -> bool:
        """Return whether a text has all words and runs; a text with all terms may not."""
        pieces = _pieces(text)
        return all(each.is_in(pieces) for each in self._pieces)


def terms(text: str) -> list[str]:
    """Return the distinct terms of a text, without those of its hashtags."""
    found = dict.fromkeys(term for piece in _pieces(text) for term in piece.indexed())
    return list(found)[:_MAX_TERMS]


def hashtags(title: str) -> list[str]:
    """Return the distinct hashtags of a title in their normal form, without the sign.

    A hashtag is a sign and up to 32 letters, digits, marks or underscores, not all of them digits.
    There is no Latin letter or digit before it, so that "C#" is none.
    """
    found: dict[str, None] = {}
    text = _normal(title)
    at = text.find(_SIGN)
    while at >= 0:
        end = at + 1
        while end < len(text) and (_is_letter(text[end]) or text[end] == "_"):
            end += 1
        tag = text[at + 1 : end]
        before = text[at - 1 : at]
        if is_hashtag(tag) and not (before.isascii() and before.isalnum()):
            found[tag] = None
        at = text.find(_SIGN, max(end, at + 1))
    return list(found)[:_MAX_TAGS]


def hashtag(text: str) -> str:
    """Return the normal form of a hashtag or of its beginning, with or without its sign."""
    return _normal(text).strip().removeprefix(_SIGN)


def is_hashtag(tag: str) -> bool:
    """Return whether a text in its normal form may be a hashtag."""
    return (
        1 <= len(tag) <= MAX_TAG
        and not tag.isdecimal()
        and all(_is_letter(each) or each == "_" for each in tag)
    )


def hashtag_term(tag: str) -> str:
    """Return the term of a hashtag; no word has the sign."""
    return _SIGN + tag


def _pieces(text: str) -> list[_Piece]:
    pieces, start = [], 0
    text = _normal(text)
    kinds = [_kind(each) for each in text]
    for end in range(1, len(text) + 1):
        if end == len(text) or kinds[end] != kinds[start]:
            if kinds[start]:
                pieces.append(_Piece(text[start:end], kinds[start] == _RUN))
            start = end
    return pieces


_WORD: Final = 1
_RUN: Final = 2


def _kind(character: str) -> int:
    if not _is_letter(character):
        return 0
    unspaced = any(first <= character <= last for first, last in _UNSPACED)
    return _RUN if unspaced else _WORD


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _normal(text: str) -> str:
    """Return a text in NFKC, without case and without the marks that keyboards add to emoji."""
    return folded(text.translate(_VARIATIONS))
