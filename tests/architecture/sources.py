"""The project's own Python, parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ("console", "engine", "search", "examples")
GENERATED = {"migrations", "__pycache__"}
WRITTEN_BY_PROTOC = ("_pb2.py", "_pb2_grpc.py")

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    def functions(self) -> Iterator[AnyFunction]:
        return (node for node in ast.walk(self.tree) if isinstance(node, AnyFunction))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    paths = [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]
    return tuple(
        Source(path, text := path.read_text(), ast.parse(text))
        for path in paths
        if not GENERATED.intersection(path.parts)
        and not path.name.endswith(("_pb2.py", "_pb2_grpc.py"))
    )


def shipped() -> tuple[Source, ...]:
    return sources(*SHIPPED)


def everything() -> tuple[Source, ...]:
    return sources(*SHIPPED, "tests")


def lines_of(node: AnyFunction) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
