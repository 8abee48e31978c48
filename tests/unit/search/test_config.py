"""SearchConfig: read once, refused loudly."""

import pytest

from search.config import BadSetting, SearchConfig

WHOLE = {
    "DATABASE_URL": "postgresql://a@h/one, postgresql://a@h/two",
    "ELASTICSEARCH_URL": "http://h:9200",
    "BROKER_URL": "redis://h:6379/0",
}


def test_the_first_database_is_home() -> None:
    config = SearchConfig.from_environment(WHOLE)

    assert config.databases == ("postgresql://a@h/one", "postgresql://a@h/two")
    assert config.home == "postgresql://a@h/one"


def test_without_elasticsearch_nothing_else_is_needed() -> None:
    config = SearchConfig.from_environment({"DATABASE_URL": "postgresql://a@h/one"})

    assert config.elasticsearch_url is None
    assert config.relay_include == ()


def test_modules_that_bring_jobs_are_named_one_after_the_other() -> None:
    config = SearchConfig.from_environment({**WHOLE, "RELAY_INCLUDE": "console.jobs, other"})

    assert config.relay_include == ("console.jobs", "other")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://h/x"),
        ("ELASTICSEARCH_URL", "h:9200"),
        ("BROKER_URL", "amqp://h"),
        ("BROKER_URL", ""),
        ("SEARCH_INDEX", "Not*A*Name"),
        ("RELAY_INCLUDE", "console.jobs, a-b"),
    ],
)
def test_a_bad_value_is_refused_with_the_variables_name(variable: str, value: str) -> None:
    with pytest.raises(BadSetting, match=variable):
        SearchConfig.from_environment({**WHOLE, variable: value})
