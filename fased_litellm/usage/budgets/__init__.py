"""Soft budgets: how much may be spent per day and per month, by whom and on what.

``budget`` is what was agreed, ``store`` keeps it in a file of its own, ``windows`` says when a day and a month begin,
``spent`` adds up what was used, ``standing`` compares, and ``check`` is asked before a call.
"""
