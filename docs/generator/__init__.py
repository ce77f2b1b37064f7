"""Keeps the generated parts of the documentation true: command output, help texts, tables read from the code.

``python -m docs.generator`` writes them, ``--check`` only says what is out of date. A part stands between markers, which are
HTML comments at the beginning of a line (``markers``).
"""
