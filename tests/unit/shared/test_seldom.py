from shared.seldom import Seldom


def test_a_flood_writes_one_line_a_minute_that_says_for_how_many_it_stands() -> None:
    lines = Seldom()
    assert [lines.count("node", at) for at in (0.0, 1.0, 59.9)] == [1, 0, 0]
    assert lines.count("node", 60.0) == 3
    assert lines.count("node", 61.0) == 0


def test_one_keys_flood_silences_no_other() -> None:
    lines = Seldom()
    assert [lines.count("a", 0.0), lines.count("a", 0.1), lines.count("b", 0.2)] == [1, 0, 1]


def test_the_memory_is_bounded_and_the_oldest_line_goes_first() -> None:
    lines = Seldom(max_keys=2)
    for at, key in enumerate("abc"):
        assert lines.count(key, float(at)) == 1
    assert [lines.count(key, 5.0) for key in "cba"] == [0, 0, 1]
