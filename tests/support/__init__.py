"""The language of the tests: real servers, small real fakes, waiting with a deadline."""
