"""The key: is there one, where is it, and what kind is it?"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import FasedError, MissingKey, SecretError
from ...keys.agent_key import AgentKey
from ...keys.storage import Keyring
from ...proxy.management.keykind import KeyKind
from ...refs import PROVIDER
from ...secrets import shadows
from ...secrets.lookup import ResolvedKey, resolve_key
from ...usage.budgets import store
from ...usage.budgets.budget import Scope
from ..findings import Finding
from .subject import Subject


def found(subject: Subject) -> tuple[ResolvedKey | None, list[Finding]]:
    """The key, and what is wrong with it."""
    if subject.snapshot is None:
        return None, []
    try:
        key = resolve_key(subject.snapshot, subject.paths, PROVIDER)
    except MissingKey as error:
        return None, [
            Finding(
                "key-missing",
                "error",
                error.message,
                error.hint or "Give one in LITELLM_API_KEY.",
                command="fased onboard --auth-choice litellm-api-key",
            )
        ]
    except FasedError as error:
        return None, [Finding("key-unreadable", "error", error.message, error.hint or "See `fased litellm key show`.")]
    findings = [Finding("key-note", "warning", note, "See `fased litellm key show`.") for note in key.notes]
    told = shadows.words(key, shadows.shadowed(subject.snapshot, subject.paths, key))
    if told:
        findings.append(
            Finding("key-shadowed", "warning", told, "Keep one: delete or unset the one that is not meant.")
        )
    if key.kind == "models.json":
        written = subject.tree.get("models", {}).get("providers", {}).get(PROVIDER, {}).get("apiKey")
        if isinstance(written, str) and "${" not in written:
            findings.append(
                Finding(
                    "key-in-config",
                    "warning",
                    "The key is in the config as plain text: it is in its backups, and in whatever copies the file.",
                    "Keep it in the keyring, or in the auth profile.",
                    str(subject.paths.config),
                    command=f"fased litellm key move --to {_other_place()}",
                )
            )
    if not key.value.startswith("sk-"):
        findings.append(
            Finding(
                "key-form",
                "info",
                "The key does not begin with sk-. A LiteLLM proxy with a database refuses such keys.",
                "Check that it is the proxy's key, and not another service's.",
            )
        )
    return key, findings


def kind(kind: KeyKind, subject: Subject) -> Iterator[Finding]:
    """What follows from the kind of key."""
    if kind == "master":
        yield Finding(
            "master-key-in-use",
            "warning",
            "The agent uses the proxy's master key: no budget limits it, and whoever has it owns the proxy.",
            "Give it a virtual key.",
            command=f"fased litellm keys create --use{_storage(subject)}",
        )
    elif kind == "only-master" and not _bounded(subject):
        yield Finding(
            "master-key-in-use",
            "info",
            "The agent uses the master key of a proxy without a database, which has no other: no budget limits it.",
            "Give the proxy a database, then make a virtual key; until then, bound it here.",
            command="fased usage budget set --daily 5 --action stop",
        )


def _bounded(subject: Subject) -> bool:
    """Whether a budget here stops all calls, which is what the proxy cannot do."""
    try:
        budgets = store.load(subject.paths.budgets).budgets
    except FasedError:
        return False
    return any(budget.action == "stop" and budget.scope == Scope() for budget in budgets)


def _other_place() -> str:
    """Where a key can be moved to on this machine: a command which fails here is no remedy."""
    try:
        Keyring().program()
    except SecretError:
        return "profile"
    return "keyring"


def _storage(subject: Subject) -> str:
    """A key from the environment is not replaced there: the new one needs another place."""
    if subject.snapshot is None:
        return ""
    try:
        kept = AgentKey(subject.snapshot, subject.paths, None, subject.env).show().storage
    except FasedError:
        return ""
    return " --key-storage profile" if kept in ("env", "file", "exec") else ""
