"""What customers and the people at the desk ask for, carried out one after the other.

activities  asks a subscription for an adjustment or a refund, as a person would
workflow    the program: waits until a subscription was charged, then asks or cancels it
"""
