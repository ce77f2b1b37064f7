"""The tokens of JSON5: one regular expression finds them, small functions read them.

What is accepted is what Node's ``json5`` accepts, by which Fased reads its config. The values are those of Python's ``json5``
library (0.10 and newer): integers stay ``int``, ``1.`` and ``.5`` are floats, ``\\ud83d\\ude00`` in a string stays two
surrogates. ``-0`` is the float -0.0 as in Node; the library's 0 is equal to it.
"""

from __future__ import annotations

import re

from .identifiers import continues, starts

# Members of Unicode's class Zs, which JSON5 counts as blanks; a test compares them with unicodedata.
ZS = "\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
BLANK = f"\t\v\f\ufeff{ZS}"
NEWLINE = "\n\r\u2028\u2029"

TRIVIA = rf"(?:[{BLANK}{NEWLINE}]++|//[^{NEWLINE}]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/)*+"

_NOT_IDENTIFIER = rf"\x00-\x23\x25-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f{BLANK}{NEWLINE}"
_IDENTIFIER = rf"(?:[^{_NOT_IDENTIFIER}0-9]|\\u[0-9a-fA-F]{{4}})(?:[^{_NOT_IDENTIFIER}]++|\\u[0-9a-fA-F]{{4}})*+"
_NUMBER = r"[+-]?(?:0[xX][0-9a-fA-F]++|(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]*+)(?:[eE][+-]?[0-9]*+)?)|[+-](?:Infinity|NaN)"

PUNCTUATION, DOUBLE, SINGLE, WORD, NUMBER, END = 1, 2, 3, 4, 5, 6
TOKEN = re.compile(
    TRIVIA
    + r"(?:([{}\[\]:,])"
    + r'|("(?:[^"\\\n\r]++|\\(?:\r\n|[\s\S]))*+")'
    + r"|('(?:[^'\\\n\r]++|\\(?:\r\n|[\s\S]))*+')"
    + rf"|({_IDENTIFIER})|({_NUMBER})|(\Z))"
)
"""Skips blanks and comments, then matches one token; ``lastindex`` says which kind."""

_SKIP = re.compile(TRIVIA)
_ESCAPE = re.compile(rf"\\(?:u([0-9a-fA-F]{{4}})|x([0-9a-fA-F]{{2}})|(\r\n|[{NEWLINE}])|([\s\S]))")
_IN_NAME = r"\\u([0-9a-fA-F]{4})|[\s\S]"
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

LITERALS = {"null": None, "true": True, "false": False, "Infinity": float("inf"), "NaN": float("nan")}


class BadToken(Exception):
    """A token that is wrong inside: ``offset`` from the token's start. The parser makes a ``ConfigSyntaxError`` of it."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset, self.reason = offset, reason


def read_string(token: str) -> str:
    """The value of a quoted token.

    Raises:
        BadToken: an escape that JSON5 does not have.
    """
    body = token[1:-1]
    if "\\" not in body:
        return body
    pieces: list[str] = []
    done = 0
    for match in _ESCAPE.finditer(body):
        pieces.append(body[done : match.start()])
        pieces.append(_escaped(match, body))
        done = match.end()
    pieces.append(body[done:])
    return "".join(pieces)


def _escaped(match: re.Match[str], body: str) -> str:
    code, byte, newline, letter = match.groups()
    if newline is not None:
        return ""
    if letter is None:
        return chr(int(code or byte, 16))
    if letter in _LETTERS:
        return _LETTERS[letter]
    following = body[match.end() : match.end() + 1]
    if letter == "0" and not ("0" <= following <= "9"):
        return "\0"
    if letter in "xu" or "0" <= letter <= "9":
        raise BadToken(1 + match.start(), f"\\{letter} is not a JSON5 escape here")
    return letter


def read_number(token: str) -> int | float:
    """The value of a number token.

    Raises:
        BadToken: digits are missing, or an integer has more than Python's 4300 digits.
    """
    unsigned = token.lstrip("+-")
    try:
        if unsigned[:2] in ("0x", "0X"):
            return _signed(int(unsigned, 16), token)
        if unsigned in LITERALS:
            return float(token)
        if "." in unsigned or "e" in unsigned or "E" in unsigned:
            return float(token)
        return _signed(int(unsigned), token)
    except ValueError:
        raise BadToken(0, "this is not a number") from None


def _signed(number: int, token: str) -> int | float:
    if token[0] != "-":
        return number
    return -number or -0.0


def read_identifier(token: str) -> str:
    """The name that an unquoted key stands for.

    Raises:
        BadToken: a character that a name cannot hold.
    """
    if token.isascii() and "\\" not in token:
        return token
    name: list[str] = []
    for match in re.finditer(_IN_NAME, token):
        char = chr(int(match[1], 16)) if match[1] else match[0]
        if not (continues(char) if name else starts(char)):
            what = f"{match[0]} stands for {char!r}, which" if match[1] else repr(char)
            raise BadToken(match.start(), f"{what} cannot {'stand in' if name else 'begin'} an unquoted key")
        name.append(char)
    return "".join(name)


def skip(text: str, offset: int) -> int:
    """The offset of what follows after blanks and whole comments."""
    match = _SKIP.match(text, offset)
    return match.end() if match else offset


def why_not(text: str, offset: int) -> tuple[int, str]:
    """Where and why no token could be found from ``offset`` on."""
    start = skip(text, offset)
    head = text[start : start + 2]
    if head == "/*":
        return start, "this comment does not end"
    if head[:1] in ("'", '"'):
        return _string_end(text, start), f"the string that starts with {head[0]} does not end on this line"
    return start, f"unexpected {head[0]!r}"


def _string_end(text: str, start: int) -> int:
    match = re.compile(r"(?:[^\\\n\r]++|\\(?:\r\n|[\s\S]))*+").match(text, start)
    return match.end() if match else start
