"""The arbiter of semantics: one program on two servers, the same events on both.

stage.py           where a program plays: a server, a queue, a worker, names
normal.py          histories as text in which what may differ is told apart from what may not
programs_*.py      the programs, each a function of a stage
test_histories.py  every program on the server under test and on the official dev server
"""
