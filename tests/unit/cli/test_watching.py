"""What a watched list calls new."""

from __future__ import annotations

from cli.watching import News


def test_only_what_is_new_or_changed_is_news() -> None:
    news = News("id")
    one, other = {"id": "1", "state": "open"}, {"id": "2", "state": "open"}
    assert news.of([one]) == [one]
    assert news.of([one, other]) == [other]
    assert news.of([one, other]) == []
    decided = {**one, "state": "confirmed"}
    assert news.of([decided, other]) == [decided]


def test_what_left_the_list_is_news_when_it_comes_back() -> None:
    news = News("id")
    row = {"id": "1"}
    assert news.of([row]) == [row]
    assert news.of([]) == []
    assert news.of([row]) == [row]
