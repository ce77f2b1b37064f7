"""Names as they leave the ledger: without secrets."""

from __future__ import annotations

from ...redaction import redact

_KEPT = 10_000


class NameRedactor:
    """Hides what looks like a key in the names of one export; most names come many times, and are looked at once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The name as it may be shown."""
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[name] = redact(name)
        return found

    def or_none(self, name: str | None) -> str | None:
        """The same; None for no name."""
        return self(name) if name else None
