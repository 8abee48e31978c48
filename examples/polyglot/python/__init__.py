"""The house of bookings: a worker in Python among those of other languages.

contract    what goes from house to house
workflow    a payment on its way through this bank
bookings    the service to the other houses
__main__    the worker
"""
