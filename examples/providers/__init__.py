"""The outside world as small HTTP servers: they fail as real ones do, and act once per key.

server      one process, one port: mail, payments, bank, carrier, books, control
client      what the activities call them by
once        act once per key: stored answers, barred keys, outages, slowness
switches    who fails how: by card, address or account, and by switches set over HTTP
letterbox   mail by SMTP, for the console's alerts
database    the SQLite file
payments, mail, bank, carrier, books    one provider each
"""
