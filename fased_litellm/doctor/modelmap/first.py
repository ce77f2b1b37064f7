"""A first LiteLLM config: one alias, as one should start."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ... import atomicfile
from ...errors import ConfigError, ConfigWriteError, UsageError
from .providers import CLOUD, KEY_VARIABLES, KEYLESS, provider_of

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


def first_config(*, alias: str, model: str, key_variable: str | None = None, api_base: str | None = None) -> str:
    """The text of a config with one alias.

    Args:
        alias: what clients ask for.
        model: ``provider/model`` as LiteLLM writes it.
        key_variable: the variable with the provider's key; by default the one which LiteLLM knows for the provider.
        api_base: the endpoint, where it is not the provider's own.

    Raises:
        UsageError: a name cannot be used.
    """
    provider = provider_of(model, None, api_base)
    if provider is None and not api_base:
        raise UsageError(
            f"{model!r} names no provider that LiteLLM knows.", hint="Write provider/model, as in openai/gpt-5.5."
        )
    for text, option in ((alias, "--alias"), (model, "--model"), *([(api_base, "--api-base")] if api_base else [])):
        if not text.isprintable() or not text.strip():
            raise UsageError(f"{option} {text!r} cannot be used.", hint="Use letters, digits and . _ - /")
    variable = key_variable or (
        None if provider in KEYLESS | CLOUD else KEY_VARIABLES.get(provider or "", "PROVIDER_API_KEY")
    )
    if variable and not _VARIABLE.fullmatch(variable):
        raise UsageError(
            f"{variable!r} is not the name of a variable.", hint="Give a name such as OPENAI_API_KEY, not the key."
        )
    lines = [
        "# One alias, one request, one failure: check this one before you add the next.",
        "#   litellm --config FILE                starts it (or: fased litellm up --config FILE)",
        "#   fased litellm map FILE               shows the map, and what is wrong with it",
        f"#   fased litellm verify {alias:<16}asks it, and makes one call fail on purpose",
        "model_list:",
        f"  - model_name: {_scalar(alias)}",
        "    litellm_params:",
        f"      model: {_scalar(model)}",
        *([f"      api_base: {_scalar(api_base)}"] if api_base else []),
        *([f"      api_key: os.environ/{variable}"] if variable else []),
        "",
        "general_settings:",
        "  master_key: os.environ/LITELLM_MASTER_KEY # sk- and 32 random characters; LiteLLM does not start without",
        "  # database_url: os.environ/DATABASE_URL   # PostgreSQL, for virtual keys, budgets and spend rows",
        "",
        "litellm_settings:",
        "  drop_params: true # leave out what a provider does not take, instead of failing",
        "",
    ]
    return "\n".join(lines)


def write(path: Path, text: str, *, force: bool = False) -> None:
    """Write it, as a whole or not at all, readable for its owner alone.

    Raises:
        ConfigError: there is such a file, and ``force`` is not set.
        ConfigWriteError: it cannot be written.
    """
    if not force and os.path.lexists(path):
        raise ConfigError(f"{path} exists already; nothing was written.", hint="Give another name, or --force.")
    try:
        # Half of a character, as YAML may spell one, has no UTF-8.
        atomicfile.replace(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ConfigWriteError(f"Cannot write {path}: {error.strerror}.", hint="Check the folder.") from error


def _scalar(text: str) -> str:
    """A text as YAML reads it back: bare where that is safe, else in double quotes."""
    if (
        _PLAIN.fullmatch(text)
        and text.lower() not in ("true", "false", "null", "yes", "no", "on", "off")
        and not text[0].isdigit()
    ):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
