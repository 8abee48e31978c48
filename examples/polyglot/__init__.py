"""A payment that goes from bank to bank, each with a worker in another language.

contract.json       what they have agreed on: queues, names, payloads
python go java typescript    a house each: the same workflow, and the service it has for the others
toolchains          how each house is built and started
__main__            all of them beside `make up`
"""
