"""The Celery tasks: one call each."""

from functools import cache

from search.config import of_this_process
from search.elastic import writer
from search.relay import clock
from search.relay import drain as drains
from search.relay import rebuild as rebuilds
from search.relay.app import DRAIN, ENSURE, REBUILD, app


@cache
def _index() -> drains.Index:
    config = of_this_process()
    return drains.Index(writer.connect(config), config.index_alias, clock.now)


@app.task(name=DRAIN)  # type: ignore[untyped-decorator]
def drain(database: int) -> None:
    drains.drain(of_this_process().databases[database], _index())


@app.task(name=ENSURE)  # type: ignore[untyped-decorator]
def ensure() -> None:
    rebuilds.ensure(of_this_process(), _index())


@app.task(name=REBUILD)  # type: ignore[untyped-decorator]
def rebuild() -> None:
    rebuilds.rebuild(of_this_process(), _index())
