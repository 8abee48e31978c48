"""One walk through the whole product with a browser, over the real stack that `make up` starts.

conftest     the stack with Elasticsearch, a client of its engine, a page where bob has signed in
test_walk    the walk: find, adjust, replay, act, and five hundred at once
screenshots  `make screenshots`: every page, wide and narrow, light and dark
palette      a picture of a page as a small PNG
"""
