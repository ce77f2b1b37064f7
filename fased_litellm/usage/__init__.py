"""The usage history: one row per call in a local ledger, and reports over it by any combination of dimensions.

``record`` is a row, ``ledger`` keeps rows, ``query`` says what is asked, ``report`` answers. No prompt and no reply text
is ever kept.
"""
