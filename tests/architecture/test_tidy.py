"""Sizes, names and maps. When a size pinches, cut along the control flow."""

import ast
import re
import statistics

import pytest

from tests.architecture.sources import (
    ROOT,
    SHIPPED,
    AnyFunction,
    Source,
    everything,
    lines_of,
    sources,
)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MEDIAN_MAX = 10
VIEW_LINES_MAX = 25
CLASS_METHODS_MAX = 20
SCRIPT_LINES_MAX = 322

BANNED_NAMES = {
    "manager", "helper", "helpers", "impl", "base", "util", "utils", "common", "service",
    "data", "info", "process",
}  # fmt: skip
BANNED_WORDS = re.compile(r"\b(TODO|FIXME|HACK)\b")
IS_SQL = re.compile(r"\s*(select|insert|update|delete|with|alter|create)\b", re.IGNORECASE)
NO_CAPABILITY = {"access", "audit", "gateway", "ui"}
EVERY_CAPABILITY_HAS = {"__init__.py", "urls.py", "views.py", "presenters.py"}
A_WRITING_ONE_HAS = {"forms.py", "actions.py"}


def last_word(name: str) -> str:
    """`RunManager` and `run_manager` both end in manager."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)[-1].lower() if name else ""


def test_no_file_is_too_long() -> None:
    long = {source.name: len(source.text.splitlines()) for source in everything()}

    assert {name: lines for name, lines in long.items() if lines > FILE_LINES_MAX} == {}


def test_no_function_is_too_long() -> None:
    long = {
        f"{source.name}:{node.name}": lines_of(node)
        for source in everything()
        for node in source.functions()
        if lines_of(node) > FUNCTION_LINES_MAX
    }

    assert long == {}


@pytest.mark.parametrize("top", SHIPPED)
def test_the_middle_function_is_short(top: str) -> None:
    lengths = [lines_of(node) for source in sources(top) for node in source.functions()]

    assert statistics.median(lengths) <= FUNCTION_LINES_MEDIAN_MAX


def test_no_view_is_too_long() -> None:
    long = {
        f"{source.name}:{node.name}": lines_of(node)
        for source in sources("console")
        if source.path.name == "views.py"
        for node in source.functions()
        if lines_of(node) > VIEW_LINES_MAX
    }

    assert long == {}


def test_no_class_gathers_a_subsystem() -> None:
    large = {
        f"{source.name}:{node.name}": methods
        for source in everything()
        for node in source.classes()
        if (methods := sum(isinstance(part, AnyFunction) for part in node.body)) > CLASS_METHODS_MAX
    }

    assert large == {}


def test_no_name_is_filler() -> None:
    filler = [
        f"{source.name}: {name}"
        for source in everything()
        for name in (source.path.stem, source.path.parent.name, *class_names(source))
        if last_word(name) in BANNED_NAMES
    ]

    assert filler == []


def class_names(source: Source) -> list[str]:
    return [node.name for node in source.classes()]


def test_every_package_opens_with_a_map() -> None:
    without = [
        source.name
        for source in everything()
        if source.path.name == "__init__.py" and not has_map(source)
    ]

    assert without == []


def has_map(source: Source) -> bool:
    words = ast.get_docstring(source.tree) or ""
    return bool(words) and words != "Map follows."


def test_every_folder_of_python_is_a_package() -> None:
    without = {
        str(source.path.parent.relative_to(ROOT))
        for source in everything()
        if not (source.path.parent / "__init__.py").exists()
    }

    assert without == set()


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{source.name}: {found.group()}"
        for source in everything()
        if source.path.name != "test_tidy.py" and (found := BANNED_WORDS.search(source.text))
    ]

    assert left == []


def test_sql_takes_the_time_as_an_argument() -> None:
    asks = re.compile(r"\b(now\(\)|current_timestamp|clock_timestamp\(\))", re.IGNORECASE)
    schemas = [path for top in ("engine", "search") for path in (ROOT / top).rglob("*.sql")]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in schemas}
    texts |= {
        f"{source.name}:{node.lineno}": node.value
        for source in sources("engine", "search")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and IS_SQL.match(node.value)
    }

    assert [name for name, text in texts.items() if asks.search(text)] == []


def test_sibling_capabilities_have_the_same_files() -> None:
    folders = {
        source.path.parent for source in sources("console") if source.path.name == "urls.py"
    } - {ROOT / "console"}
    capabilities = [folder for folder in folders if folder.name not in NO_CAPABILITY]
    lacking = {
        folder.name: sorted(wanted - {path.name for path in folder.iterdir()})
        for folder in capabilities
        if (wanted := files_wanted((folder / "views.py").read_text()))
        - {path.name for path in folder.iterdir()}
    }

    assert lacking == {}


def files_wanted(views: str) -> set[str]:
    writes = "require_POST" in views or "require_http_methods" in views
    return EVERY_CAPABILITY_HAS | (A_WRITING_ONE_HAS if writes else set())


def test_the_browser_runs_little_of_ours() -> None:
    own = [path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts]

    assert sum(len(path.read_text().splitlines()) for path in own) <= SCRIPT_LINES_MAX
