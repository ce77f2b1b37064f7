"""Finding known secrets in a text, in whatever spelling somebody else may have put them there. Pure.

Found are a secret as it is, with the case of its letters changed, reversed, spaced (by anything but letters and digits between its
characters, invisible characters too), percent-encoded or escaped as in JSON, Python, C or HTML (also in part, and up to three times
over), as hexadecimal digits, and in Base64 of either alphabet wherever it stands in what was encoded.

How: of a text, only its letters and digits count, in lower case. There, all spellings of case, of spacing and of either alphabet of
Base64 are one, and a secret is looked for in six forms: itself, reversed, hexadecimal, and the three ways in which its bytes can meet
the groups of Base64. To look takes some microseconds for a name and 10 ms for a megabyte; only a text with something in it is gone
through character by character.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable, Iterator

from . import escapes

_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = _UPPER.lower()
_LETTERS_AND_DIGITS = b"0123456789" + _UPPER + _LOWER
_PRINTABLE = bytes(range(0x21, 0x7F)).replace(b"-", b"")
_FOLD = {code: code + 32 for code in _UPPER}
_BREAK = "\uffff"
"""Stands for a letter or digit of another script, which spaces nothing out: what is on its two sides does not belong together."""

_SHORTEST_FOLDED = 8
_SHORTEST_ENCODED = 7


class Forms:
    """The forms in which some secrets are looked for.

    Args:
        secrets: each of 6 characters at least.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        secrets = set(secrets)
        # What looks like an escape in the secret itself would be decoded with the others.
        secrets |= {form for secret in secrets for form in escapes.written(secret)}
        self._exact = tuple(sorted(secrets, key=lambda secret: (-len(secret), secret)))
        self.shortest = min(map(len, self._exact), default=0)
        """Characters; no shorter text holds one of them."""
        compact: set[str] = set()
        squeezed: set[str] = set()
        folded: set[str] = set()
        plain: list[str] = []
        for secret in self._exact:
            if _is_distinct(_COMPACT.of(secret)):
                itself = _COMPACT.with_places(secret)[0]
                compact |= {itself, itself[::-1]}
            else:
                plain.append(secret)
                if len(secret) >= _SHORTEST_FOLDED:
                    folded |= {_folded(secret), _folded(secret[::-1])}
                itself = _SQUEEZED.with_places(secret)[0]
                if len(_SQUEEZED.of(secret)) >= _SHORTEST_FOLDED and not _SQUEEZED.of(secret).isalnum():
                    squeezed |= {itself, itself[::-1]}
            compact.update(form for form in _encoded(secret) if len(form) >= _SHORTEST_ENCODED)
        self._compact, self._squeezed = _Spaced(_COMPACT, compact), _Spaced(_SQUEEZED, squeezed)
        self._plain, self._folded = tuple(plain), tuple(folded)
        # Of every form that is in a text, the letters and digits are in those of the text: one look that rules nearly all texts out.
        loose = {form for secret in plain for form in (_COMPACT.of(secret), _COMPACT.of(secret)[::-1])}
        self._any = _Spaced(_COMPACT, compact | loose)
        self._begun_exact, self._begun_folded = _Beginnings(self._exact), _Beginnings(folded)
        firsts = {form[0] for form in compact | squeezed | folded} | {secret[0] for secret in self._exact}
        self._firsts = frozenset({*firsts, *map(str.upper, firsts), *escapes.MARKS})

    def __bool__(self) -> bool:
        return bool(self._exact)

    def may_be_in(self, text: str) -> bool:
        """Whether a secret may be in ``text``. False is certain; True is wrong at times."""
        if len(text) < self.shortest or not self._exact:
            return False
        if self._in(text):
            return True
        for _ in range(escapes.DEPTH):
            if "%" not in text and "\\" not in text and "&" not in text:
                return False
            decoded = escapes.decoded(text)
            if decoded == text:
                return False
            if self._in(decoded):
                return True
            text = decoded
        return False

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the secrets are, each from its first character up to behind its last, in their order; those that overlap are one."""
        found = sorted(view.span(*span) for view in escapes.views(text) for span in self._found(view.text))
        merged: list[tuple[int, int]] = []
        for begin, end in found:
            if merged and begin < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged

    def hide(self, text: str, mask: str) -> str:
        """``text`` with ``mask`` in the place of each secret."""
        if not self.may_be_in(text):
            return text
        pieces, done = [], 0
        for begin, end in self.spans(text):
            pieces += [text[done:begin], mask]
            done = end
        return "".join([*pieces, text[done:]])

    def settled(self, text: str) -> int:
        """How many characters of what came of a stream are settled: no part of them may become a part of a secret.

        Args:
            text: what came, from the beginning of the stream or from a place that was settled before.
        """
        if not self._exact:
            return len(text)
        views = list(escapes.views(text, whole=False))
        begun = [view.starts[at] for view in views if (at := self._begins_at(view.text)) < len(view.text)]
        at = min(begun, default=len(text))
        spans = self.spans(text) if self.may_be_in(text) else []
        while True:
            # Neither within a secret, whose end may be the beginning of the next, nor within an escape.
            within = [begin for begin, end in spans if begin < at < end]
            within += [start for view in views if (start := view.token(at)) < at]
            if not within:
                return at
            at = min(within)

    def _in(self, text: str) -> bool:
        if not self._any.may_be_in(text):
            return False
        if not self._plain or self._compact.may_be_in(text):
            return True
        for secret in self._plain:
            if secret in text:
                return True
        if not self._folded:
            return False
        folded = _folded(text)
        return any(form in folded for form in self._folded) or self._squeezed.may_be_in(text)

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """As ``spans``, of a text that is decoded already; they may overlap."""
        yield from self._compact.spans(text)
        yield from self._squeezed.spans(text)
        for secret in self._exact:
            yield from ((at, at + len(secret)) for at in _all(secret, text))
        folded = _folded(text) if self._folded else ""
        for form in self._folded:
            yield from ((at, at + len(form)) for at in _all(form, folded))

    def _begins_at(self, text: str) -> int:
        """From where on what comes next may make a secret of the end of ``text``; its length where nothing can."""
        cut_off = escapes.cut_off(text)
        if not cut_off:
            return self._begun_at(text)
        end = len(text) - len(cut_off)
        before = self._begun_at(text[:end])
        if before == end and not escapes.may_become(cut_off, self._firsts):
            before = len(text)
        return min(before, self._begun_at(text))

    def _begun_at(self, text: str) -> int:
        """From where on the end of ``text`` is the beginning of a form; its length where it is none's."""
        folded = _folded(text[-self._begun_folded.longest :]) if self._folded else ""
        return min(
            self._compact.begun_at(text),
            self._squeezed.begun_at(text),
            len(text) - self._begun_exact.size_at_end_of(text),
            len(text) - self._begun_folded.size_at_end_of(folded),
        )


class _Beginnings:
    """The beginnings of some texts, none of them a whole one."""

    def __init__(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        self._all = frozenset(text[:size] for text in texts for size in range(1, len(text)))
        self.longest = max(map(len, self._all), default=0)

    def size_at_end_of(self, text: str) -> int:
        """How many characters the longest of them has with which ``text`` ends; 0 for none."""
        return next((size for size in range(min(self.longest, len(text)), 0, -1) if text[-size:] in self._all), 0)


class _Projection:
    """What counts of a text: some characters of ASCII, in lower case."""

    def __init__(self, kept: bytes) -> None:
        self._dropped = bytes(code for code in range(256) if code not in kept)
        self._kept = frozenset(kept.decode())
        self._lower = bytes.maketrans(_UPPER, _LOWER)

    def bytes_of(self, text: str) -> bytes:
        """What counts, quickly."""
        return text.encode("ascii", "ignore").translate(self._lower, self._dropped)

    def of(self, text: str) -> str:
        """What counts, as a text."""
        return self.bytes_of(text).decode()

    def with_places(self, text: str) -> tuple[str, list[int]]:
        """What counts, with a break for each foreign letter, and the place of each character."""
        places = [at for at, character in enumerate(text) if self._counts(character)]
        return self._joined(text, places), places

    def end_with_places(self, text: str, most: int) -> tuple[str, list[int]]:
        """The same of the last ``most`` characters that count."""
        places: list[int] = []
        at = len(text)
        while at and len(places) < most:
            at -= 1
            if self._counts(text[at]):
                places.append(at)
        places.reverse()
        return self._joined(text, places), places

    def _counts(self, character: str) -> bool:
        return character in self._kept or (character > "\x7f" and character.isalnum())

    def _joined(self, text: str, places: list[int]) -> str:
        return "".join([text[at].lower() if text[at] in self._kept else _BREAK for at in places])


_COMPACT, _SQUEEZED = _Projection(_LETTERS_AND_DIGITS), _Projection(_PRINTABLE)


class _Spaced:
    """Forms of which only a projection is looked for, whatever is between their characters."""

    def __init__(self, projection: _Projection, forms: Iterable[str]) -> None:
        self._projection = projection
        self._forms = sorted(forms)
        self._begun = _Beginnings(self._forms)
        self._bytes = [form.encode("ascii", "ignore") for form in self._forms]
        self._shortest = min(map(len, self._bytes), default=0)

    def may_be_in(self, text: str) -> bool:
        if not self._bytes:
            return False
        projected = self._projection.bytes_of(text)
        if len(projected) >= self._shortest:
            # In a plain loop, which takes less time than a pattern of them all.
            for form in self._bytes:
                if form in projected:
                    return True
        return False

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        if self._forms:
            projected, places = self._projection.with_places(text)
            for form in self._forms:
                yield from ((places[at], places[at + len(form) - 1] + 1) for at in _all(form, projected))

    def begun_at(self, text: str) -> int:
        """From where on the end of ``text`` is the beginning of one; its length where it is none's."""
        if not self._forms:
            return len(text)
        projected, places = self._projection.end_with_places(text, self._begun.longest)
        size = self._begun.size_at_end_of(projected)
        return places[-size] if size else len(text)


def _folded(text: str) -> str:
    """``text`` with its ASCII letters in lower case, of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def _is_distinct(compact: str) -> bool:
    """Whether letters and digits alone tell a secret from a word or a number; else its other characters count, too."""
    return len(compact) >= 12 or (len(compact) >= 8 and not compact.isalpha() and not compact.isdigit())


def _encoded(secret: str) -> Iterator[str]:
    """What hexadecimal digits and Base64 make of a secret; of Base64, those characters that do not depend on what is around it."""
    data = secret.encode("utf-8", "surrogatepass")
    yield data.hex()
    for before in range(3):
        encoded = b2a_base64(bytes(before) + data, newline=False).decode()
        yield _COMPACT.of(encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6])


def _all(part: str, text: str) -> Iterator[int]:
    """Where ``part`` is in ``text``; also where two of them overlap."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
