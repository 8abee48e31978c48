"""The query language: pure, from a text to what a backend understands.

text ──parser──▶ tree as written ──check──▶ tree as meant ──compile──▶ a backend's own
       grammar.lark                attributes, now            its dialect

nodes   both trees
values  a literal, read as the type of its attribute
expecting  what may stand next, as one types
pinned  a query without now(), which means the same later
tokens  page tokens: where a list goes on
errors  what a caller can do about a bad query
"""
