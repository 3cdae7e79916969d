"""Natural order of names."""

from osteocount.natural_sort import natural_key, natural_name_key


def test_natural_order():
    assert sorted(["IL 100", "IL 20", "il 3", "EV"], key=natural_name_key) == ["EV", "il 3", "IL 20", "IL 100"]


def test_fields_of_files_come_in_the_order_of_their_numbers():
    assert sorted(["f10.2", "f2.10", "f2.9"], key=natural_key) == ["f2.9", "f2.10", "f10.2"]
