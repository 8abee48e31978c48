"""The process runner behind `make up`, and the embedded PostgreSQL: killed, ended, refused.

stand_in    a stack of small programs; living    as a test sees it; whole    the real parts
"""
