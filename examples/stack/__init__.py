"""`make up`: every part of the product on one machine, started, watched and ended together.

config       what the environment says
addresses    where each part answers: the given address, or an embedded one in `.run/`
parts        one row a part: name, command, environment, what it waits for, when it is ready
before       what must be right before anything starts; else one line that says what to do
supervisor   starts the rows in order, restarts what dies, ends all in the reverse order
child        one running program: spawn, watch, end with all that it started
ready        is it ready: by TCP, HTTP or gRPC health
logs         `.run/logs/NAME.log`, bounded
orphans      what a killed runner left behind
"""
