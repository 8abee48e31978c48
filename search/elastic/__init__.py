"""Visibility in Elasticsearch.

mapping  the index of a generation, record <-> document; pure
dsl      dialect: checked tree -> query DSL; pure
reader   list, count, group (async, for the engine)
writer   bulk, generations, alias swap (sync, for the relay)
node/    how a real node runs from its published jars
"""
