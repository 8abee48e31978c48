"""Rows -> lines of CSV in which no text is a formula to a spreadsheet. Pure."""

import csv
import re
from collections.abc import Iterable

#: What a formula begins with, also in full width; and what a spreadsheet may take for the end of a
#: cell, whether quoted or not: where it separates by ";", the quotes behind a comma are plain text.
_FORMULA = "=+\\-@＝＋－＠"
_ENDS = ";\t\r\n"
_BEGIN = re.compile(
    rf"\A(?=[\t\r\n]|\s*[{_FORMULA}])|(?<=[{_ENDS}])(?=(?:[^\S\t\r\n]|\")*[{_FORMULA}])"
)


def plain(text: str) -> str:
    """With an apostrophe before all that may be taken for the beginning of a formula."""
    return _BEGIN.sub("'", text)


def line(cells: Iterable[object]) -> str:
    """A number is no formula, whatever its sign."""
    return str(_writer.writerow([plain(cell) if isinstance(cell, str) else cell for cell in cells]))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


_writer = csv.writer(_Echo())
