"""The usage of many machines, in one PostgreSQL database: ``push`` sends a ledger's rows there, ``report`` asks there.

``place`` says which database is meant, ``connect`` opens it, ``schema`` keeps its tables. psycopg is imported in
``connect`` alone, on use: the extra ``postgres`` brings it.
"""
