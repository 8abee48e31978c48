"""The few fixtures that everyone needs."""

pytest_plugins = ["tests.support.elastic", "tests.support.postgres", "tests.support.engine"]
