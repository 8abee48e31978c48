"""How each house is built and started. All that comes of it lies in a directory that git ignores.

Packages are fetched first, so that who has no registry is told apart from a program that is wrong.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
WORK: Final = ROOT / ".run/polyglot"
FETCH_SECONDS: Final = 240
BUILD_SECONDS: Final = 240
#: What a refusal shows of what a tool said.
LAST_LINES: Final = 15

Command = list[str]


class NotToBeHad(Exception):
    """A tool or its packages are not on this machine; the message says which."""


class BuildFailed(Exception):
    """The program is wrong; the message has the end of what the compiler said."""


@dataclass(frozen=True)
class House:
    """`fetch` and `build` are given where the sources are and where to work."""

    language: str
    tools: tuple[str, ...]
    fetch: Callable[[Path, Path], Command] | None
    build: Callable[[Path, Path], Command] | None
    run: Callable[[Path], Command]
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return HERE / self.language

    @property
    def work(self) -> Path:
        return WORK / self.language

    @property
    def command(self) -> Command:
        return self.run(self.work)

    def prepare(self) -> None:
        """Build it, unless it is built already from these very sources."""
        lacking = [tool for tool in self.tools if shutil.which(tool) is None]
        if lacking:
            raise NotToBeHad(f"{self.language}: {', '.join(lacking)} is not on this machine")
        stamp, now = self.work / "built-from", self._digest()
        if stamp.exists() and stamp.read_text() == now:
            return
        self.work.mkdir(parents=True, exist_ok=True)
        if self.fetch:
            self._call(self.fetch(self.source, self.work), FETCH_SECONDS, NotToBeHad)
        if self.build:
            self._call(self.build(self.source, self.work), BUILD_SECONDS, BuildFailed)
        stamp.write_text(now)

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(path for path in self.source.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(self.source)}\n".encode() + path.read_bytes())
        return digest.hexdigest()

    def _call(self, command: Command, seconds: float, refusal: type[Exception]) -> None:
        given = {**os.environ, **self.environment}  # noqa: TID251  it is handed on
        try:
            subprocess.run(  # noqa: S603  from our own table
                command, env=given, cwd=self.source, timeout=seconds, check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            said = "\n".join(error.stdout.splitlines()[-LAST_LINES:])
            raise refusal(f"{self.language}: {' '.join(command)} said\n{said}") from error
        except subprocess.TimeoutExpired as error:
            raise refusal(f"{self.language}: {' '.join(command)} took {seconds} s") from error


def _maven(source: Path, work: Path, *goals: str) -> Command:
    return [
        *("mvn", "--batch-mode", "--quiet", "--file", str(source / "pom.xml")),
        *(f"-Dmaven.repo.local={WORK / 'maven'}", f"-Dwork={work}", *goals),
    ]


def _npm(source: Path, work: Path) -> Command:
    """npm wants its packages beside the sources, so the sources go where the packages may lie."""
    shutil.rmtree(work / "src", ignore_errors=True)
    shutil.copytree(source, work, dirs_exist_ok=True)
    return [
        *("npm", "ci", "--prefix", str(work), "--cache", str(WORK / "npm")),
        *("--ignore-scripts", "--no-audit", "--no-fund"),
    ]


HOUSES: Final = (
    House(
        "python",
        tools=(),
        fetch=None,
        build=None,
        run=lambda _: [sys.executable, "-m", "examples.polyglot.python"],
    ),
    House(
        "go",
        tools=("go",),
        fetch=lambda _, __: ["go", "mod", "download", "-modcacherw"],
        build=lambda _, work: ["go", "build", "-buildvcs=false", "-o", str(work / "house"), "."],
        run=lambda work: [str(work / "house")],
        environment={
            "CGO_ENABLED": "0",
            "GOCACHE": str(WORK / "go-build"),
            "GOMODCACHE": str(WORK / "go-modules"),
        },
    ),
    House(
        "java",
        tools=("mvn", "javac"),
        fetch=lambda source, work: _maven(source, work, "dependency:resolve"),
        build=lambda source, work: _maven(source, work, "compile"),
        run=lambda work: ["java", "-cp", f"{work / 'classes'}:{work / 'jars'}/*", "payments.House"],
    ),
    House(
        "typescript",
        tools=("node", "npm"),
        fetch=_npm,
        build=lambda _, work: ["npm", "run", "--prefix", str(work), "build"],
        run=lambda work: ["node", str(work / "lib/worker.js")],
    ),
)
