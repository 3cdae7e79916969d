"""When two names are one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from osteocount.names import all_shortened, fold, is_missing, skeleton, unify, visible


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("D1", "d1 "), ("D1", "D01"), ("1", "1.0"), ("1", "01"), ("1", "1,0"), ("IL-32", "IL–32"), ("IL-32", "IL−32"),
        ("D 1", "D\u00a01"), ("D1", "D\u200b1"), ("\ufeffD1", "D1"), ("Ｄ１", "D1"), ("EV WT", "EV_WT"),
        ("EV  WT", "ev wt"),
        ("Müller", unicodedata.normalize("NFD", "Müller")), ("D\u00ad1", "D1"), ("µM", "μM"), ("5 µl", "5µL"),
    ],
)  # fmt: skip
def test_spellings_of_one_name(one, other):
    assert fold(one) == fold(other)
    names = unify([one, one, other])
    assert set(names.of.values()) == {one.strip()}
    assert names.confused == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.1", "0.01"),
        ("D1", "D2"),
        ("IL-3", "IL-32"),
        ("EV+", "EV-"),
        ("1.5", "15"),
        ("D10", "D100"),
        ("1_11", "11_1"),
        ("P1 1", "P11"),
    ],
)
def test_names_that_differ(one, other):
    assert fold(one) != fold(other)
    assert unify([one, other]).confused == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "\u0410"),
        ("TGFß", "TGFβ"),
        ("Il1", "Ill"),
        ("D0", "DO"),
        ("D-1", "D1"),
        ("PBS", "РВS"),
        ("D1", "D1*"),
        ("D1", "D1?"),
        ("IL-32", "IL-32 †"),
    ],
)
def test_names_that_look_alike(one, other):
    assert fold(one) != fold(other)
    assert skeleton(one) == skeleton(other)
    names = unify([one, other])
    assert names.confused == ((one, other),)
    assert visible(one) in names.problems("donor")[0]


def test_the_most_frequent_spelling_is_used_and_said():
    names = unify(["d1", "D1", "D1", "D1 ", "", "NA"])
    assert names.of == {"d1": "D1", "D1": "D1", "D1 ": "D1"}
    assert names.notes("donor") == ["The donor 'D1' is also written 'd1', 'D1 '; they are taken for one."]


@pytest.mark.parametrize("text", ["", " ", "NA", "nan", "#N/A", "-", "n/a", "—", "N/A\u200b", "#NV", "NULL", "k.A."])
def test_words_for_nothing(text):
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "no", "N", "NAD", "x", "none", "empty", "A1"])
def test_words_that_say_something(text):
    assert not is_missing(text)


@given(st.text(max_size=12))
@example("A\u00b4")
@example("\u0390\u00a8")
def test_folding_is_the_same_twice(text):
    assert fold(fold(text)) == fold(text)
    assert fold(text.strip()) == fold(text)


@given(st.lists(st.text(max_size=6), max_size=8))
def test_every_name_has_one_of_the_given_ones(names):
    unified = unify(names)
    assert set(unified.of) == {name for name in names if not is_missing(name)}
    assert all(fold(name) == fold(used) for name, used in unified.of.items())


@pytest.mark.parametrize(
    ("names", "letters", "short"),
    [
        (["vehicle", "rhIL-32 25 ng/mL"], 20, ["vehicle", "rhIL-32 25 ng/mL"]),
        (["EV of myeloma cells U266, 25 ng/mL"], 20, ["EV of myel…25 ng/mL"]),
        (
            [f"EV of myeloma cells, clone {k}, kept at 37 °C, 25 ng/mL" for k in "AB"] + ["vehicle"], 24,
            ["…clone A,…", "…clone B,…", "vehicle"],
        ),
        (
            ["vehicle with 0.1 % of bovine serum albumin", *(f"EV of JJN-3 cells, clone {k}, per well" for k in "AB")],
            24, ["vehicle with…rum albumin", "…clone A,…", "…clone B,…"],
        ),
        (["a" * 30, "a" * 31], 20, ["aaaaaaaaaa…aaaaaaaaa", "aaaaaaaa…aaaaaaa (2)"]),
    ],
)  # fmt: skip
def test_long_names_are_shortened_to_what_tells_them_apart(names, letters, short):
    found = all_shortened(names, letters)
    assert list(found.values()) == short
    assert all(len(text) <= letters for text in found.values())
