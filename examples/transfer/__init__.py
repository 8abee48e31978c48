"""Money from one account to another.

    (start) ──withdrawn──▶ deposit ──made──▶ completed
       │                     ├──refused──▶ given back, failed with DepositRefused
       │                     └──cancelled──▶ called off, given back, cancelled
       └──refused──▶ failed with WithdrawalRefused

workflow    the program, with its order
operations  the same over Nexus, for others
"""
