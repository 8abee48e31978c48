"""Lines of CSV, as spreadsheets read them: by whatever they separate cells."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ui import sheets

FORMULA = "=+-@＝＋－＠"
texts = st.text(st.sampled_from([*FORMULA, *';,"\t\r\n a', "'"]), max_size=12)


@given(st.lists(texts, min_size=1, max_size=4))
def test_whatever_cells_are_separated_by_no_text_is_a_formula(cells: list[str]) -> None:
    written = sheets.line(cells)
    for separator in (",", ";", "\t"):
        for row in csv.reader(written.splitlines(keepends=True), delimiter=separator):
            assert not [one for one in row if one.lstrip().startswith(tuple(FORMULA))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("=1+1", "'=1+1"),
        ("＝1", "'＝1"),
        ("  =1", "'  =1"),
        ("a;=1", "a;'=1"),
        ('a; "=1"', 'a;\' "=1"'),
        ("a\n@b", "a\n'@b"),
        ("\tb", "'\tb"),
        ("a=1; b-2", "a=1; b-2"),
        ("it's fine", "it's fine"),
    ],
)
def test_an_apostrophe_stands_only_where_a_formula_might_begin(text: str, told: str) -> None:
    assert sheets.plain(text) == told


def test_a_number_is_written_as_one() -> None:
    assert sheets.line([-1, -0.5, None, "-1"]) == "-1,-0.5,,'-1\r\n"
