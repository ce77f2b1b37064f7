"""A reference to a secret, in place of the secret itself: ``{source: "env", provider: "default", id: "LITELLM_API_KEY"}``.

Fact: ``src/config/types.secrets.ts`` and ``src/config/zod-schema.core.ts``. ``secrets.lookup`` resolves references; the config
only has to know a good one from a bad one.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from .base import BRANCH, Strict, matching

ENV_ID = r"[A-Z][A-Z0-9_]{0,127}"
PROVIDER_ALIAS = r"[a-z][a-z0-9_-]{0,63}"
_ID_RULES = {
    "env": (ENV_ID, f"An env reference must match /^{ENV_ID}$/, for example LITELLM_API_KEY"),
    "file": (
        r"value|(?:/(?:[^~/]|~0|~1)*)+",
        'A file reference must be an absolute JSON pointer, for example /litellm/apiKey, or "value"',
    ),
    "exec": (
        r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}",
        "An exec reference must match /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}$/, for example litellm/main",
    ),
}


def _pattern(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


ProviderAlias = Annotated[
    str,
    matching(PROVIDER_ALIAS, f"A secret provider must match /^{PROVIDER_ALIAS}$/, for example default"),
    _pattern(PROVIDER_ALIAS),
]
EnvName = Annotated[str, matching(ENV_ID, _ID_RULES["env"][1]), _pattern(ENV_ID)]


class SecretRef(Strict):
    """Where a secret is kept.

    Attributes:
        source: ``env``, ``file`` or ``exec``.
        provider: alias in ``secrets.providers``; the older form without it means ``default``.
        id: name of a variable, JSON pointer into a file (or ``value``), or an id for the program.
    """

    source: Literal["env", "file", "exec"]
    provider: ProviderAlias = "default"
    id: str

    @field_validator("id")
    @classmethod
    def _id_fits_source(cls, value: str, info: ValidationInfo) -> str:
        rule = _ID_RULES.get(info.data.get("source", ""))
        if rule is not None and not re.fullmatch(rule[0], value, re.DOTALL):
            raise PydanticCustomError("text", "{reason}", {"reason": rule[1]})
        return value


_TEXT, _REF = f"{BRANCH}text", f"{BRANCH}ref"


def _kind(value: Any) -> str:
    return _REF if isinstance(value, dict | SecretRef) else _TEXT


SecretInput = Annotated[
    Annotated[str, Tag(_TEXT)] | Annotated[SecretRef, Tag(_REF)],
    Discriminator(_kind),
]
"""A secret as text (mostly ``${NAME}``), or a reference."""
