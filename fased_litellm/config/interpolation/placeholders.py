"""The grammar of ``${VAR}`` in a text. Pure.

Fact: it is that of Fased's ``src/config/env-substitution.ts``. A name is ``[A-Z_][A-Z0-9_]*``; anything else after a dollar sign stays
as it is; ``$${NAME}`` is a literal ``${NAME}``.
"""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")
"""The escape, if there is one, and the name."""


def names_in(text: str) -> tuple[str, ...]:
    """The variables which a text refers to, in order, each once."""
    return tuple(dict.fromkeys(name for escape, name in PLACEHOLDER.findall(text) if not escape))


def sole_name(text: str) -> str | None:
    """``NAME`` if the text is exactly ``${NAME}``, which Fased's secrets treat as a reference to the environment."""
    match = PLACEHOLDER.fullmatch(text.strip())
    return match.group(2) if match and not match.group(1) else None


def literal(text: str) -> str:
    """A text as it is written into a config, so that it is read back as it is: a ``${NAME}`` in it names no variable.

    Names of models come from the proxy, and none of them may bring a variable of this machine into what is sent.
    """
    return PLACEHOLDER.sub(lambda match: f"${match.group()}", text)


def without_escapes(text: str) -> str:
    """A text of a config as it is meant, where it holds no variable: ``$${NAME}`` is ``${NAME}``."""
    return PLACEHOLDER.sub(lambda match: match.group()[1:] if match.group(1) else match.group(), text)
