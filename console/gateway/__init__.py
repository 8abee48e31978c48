"""The console's only door to the engine: the one place that knows gRPC and the protocol.

channel     one channel, deadlines, status -> GatewayError in a person's words
tally       how many calls a page made, and how long they took
payloads    Payload -> something a person can read, and back
sight       the payload as this person may see it: decoded and masked; the one way to look
walking     every payload of a message, with its number; the words of failures among them
indexed     search attributes as this person may see them, and may search by them
codec, stores, masks, texts   a remote codec, blob stores, masked fields, long payloads as text
signing     a GET that a private S3 bucket takes
summaries   what a run or a step is for, as its program said
runs        the dataclasses of a run: summary, detail, pending work, failure
workflows   list, count, describe
histories   pages of history events, from both ends
held        one payload of an event, a description or an answer, by its place
questions   a query as it was asked, sealed into an address
steering    signal, cancel, terminate, reset, update, query, start
activities  pause, resume, reset, complete, fail, change options; every failed attempt
starting    a run with all that can be said of it; the start of another run, to copy
task_queues, namespaces, cluster   the same for these
admin       what only our own engine tells: index, parked rows, shards
"""
