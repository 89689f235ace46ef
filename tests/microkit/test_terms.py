"""Words, runs and hashtags of texts."""

import pytest

from microkit.terms import MAX_TERM_BYTES, Query, hashtag, hashtag_term, hashtags, is_hashtag, terms


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("抖音", "极简抖音"),
        ("抖", "极简抖音"),
        ("hel wor", "Hello, World!"),
        ("ＨＥＬ", "hello"),
        ("入门 py", "Python入门"),
        ("cafe\u0301", "Café crème"),
        ("2026", "2026年的雪"),
        ("カメラ", "カメラ散歩"),
        ("#旅行", "去旅行"),
    ],
)
def test_a_query_finds_beginnings_of_words_and_parts_of_runs(query, text):
    assert Query(query).matches(text)
    assert set(Query(query).terms) <= set(terms(text))


@pytest.mark.parametrize(
    ("query", "text"),
    [("ello", "hello"), ("抖音简", "极简抖音"), ("简音", "极简抖音")],
)
def test_a_query_finds_neither_ends_of_words_nor_scattered_characters(query, text):
    assert not Query(query).matches(text)


def test_terms_of_a_run_that_are_scattered_are_told_apart_by_the_text():
    scattered = "简抖 抖音 极简"
    assert set(Query("极简抖音").terms) <= set(terms(scattered))
    assert not Query("极简抖音").matches(scattered)


@pytest.mark.parametrize("text", ["", " ", "…！？", "❤️🎉"])
def test_a_query_without_letters_has_no_terms(text):
    assert not Query(text).terms


@pytest.mark.parametrize("text", ["ﷺ" * 128, "字" * 128, "a b " * 32, "x" * 128, "𠀀" * 128])
def test_terms_are_bounded_in_number_and_length(text):
    found = [*terms(text), *map(hashtag_term, hashtags("#" + text))]
    assert 1 <= len(found) <= 520
    assert max(len(each.encode()) for each in found) <= MAX_TERM_BYTES
    assert 1 <= len(Query(text).terms) <= 8


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("看雪#旅行 #Snow_2026", ["旅行", "snow_2026"]),
        ("＃全角 #ＡＢＣ", ["全角", "abc"]),
        ("C#语言", []),
        ("#1 #2026年", ["2026年"]),
        ("#a#b ##c", ["a", "c"]),
        ("#a #A", ["a"]),
        ("# #！", []),
        ("#" + "长" * 33, []),
        (" ".join(f"#t{n}x" for n in range(12)), [f"t{n}x" for n in range(10)]),
    ],
)
def test_hashtags_of_titles(title, found):
    assert hashtags(title) == found


def test_a_hashtag_is_looked_up_with_or_without_its_sign_in_any_case():
    assert hashtag(" ＃Snow ") == hashtag("snow") == "snow"
    assert not is_hashtag(hashtag("a b"))
