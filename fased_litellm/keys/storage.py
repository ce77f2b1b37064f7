"""Where a key will be kept: as asked for, else in the environment, the OS keyring or the profile file, whichever is there first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..config.load import ConfigSnapshot
from ..errors import KeyringError, SecretError, UsageError
from ..secrets import guarded, keyring_store, ownprogram
from ..secrets.lookup import env_key
from ..secrets.placement import ENV_VARIABLE, Storage


@dataclass(frozen=True, slots=True)
class KeptIn:
    """The choice.

    Attributes:
        storage: ``keyring``, ``env``, ``profile``; None for a key that stays where it is.
        program: for ``keyring``: the absolute path of ``fased-litellm``, which the Node agent will start.
        note: why it is not the keyring, where that would have been the first choice.
    """

    storage: Storage | None
    program: str | None = None
    note: str | None = None


@dataclass(slots=True)
class Keyring:
    """The keyring of this machine, looked at once and only if somebody asks."""

    _found: str | KeyringError | SecretError | None = field(default=None, init=False)

    def program(self) -> str:
        """The program by which the Node agent reads from it.

        Raises:
            SecretError: the keyring does not work, or the Node agent would not run the program.
        """
        if self._found is None:
            try:
                self._found = program_for_the_node_agent()
                keyring_store.name()
            except SecretError as error:
                self._found = error
        if isinstance(self._found, SecretError):
            raise self._found
        return self._found


def program_for_the_node_agent() -> str:
    """The absolute path of ``fased-litellm``, as the Node agent accepts it.

    Raises:
        SecretError: it is not installed, or others could replace it.
    """
    path = ownprogram.find()
    if path is None:
        raise SecretError(
            f"{ownprogram.PROGRAM} is not installed as a program, so the Node agent could not read the keyring.",
            hint="Install the package with pip, pipx or uv. Or keep the key elsewhere: --key-storage env|profile.",
        )
    return guarded.check_command(path, label="The program by which the Node agent reads the keyring", env={})


def choose(
    snapshot: ConfigSnapshot,
    key: str,
    wanted: Storage | None,
    *,
    stays: bool,
    program: Callable[[], str],
) -> KeptIn:
    """Where the key will be kept.

    Args:
        snapshot: the config with its environment.
        key: the key.
        wanted: what was asked for.
        stays: whether the key is in a profile or in the config already.
        program: as ``Keyring.program``; only called if the keyring is in question.

    Raises:
        UsageError: ``env`` is wanted, and LITELLM_API_KEY does not hold this key.
        SecretError: ``keyring`` is wanted, and cannot be had.
    """
    in_env = env_key(snapshot)
    same = in_env is not None and in_env.value == key
    if same and in_env is not None and in_env.notes:
        # The Node agent sends the variable as it is, so a reference to it is of no use.
        if wanted == "env":
            raise UsageError(
                f"--key-storage env: {in_env.notes[0]} The Node agent sends them along.",
                hint=f"Set {ENV_VARIABLE} to the key alone, or leave --key-storage away.",
            )
        same = False
    if wanted == "env" and not same:
        raise UsageError(
            f"--key-storage env needs the key in {ENV_VARIABLE}."
            if in_env is None
            else f"--key-storage env: {ENV_VARIABLE} holds another key than the one given.",
            hint=f"Export {ENV_VARIABLE} with this key, or leave --key-storage away.",
        )
    if wanted == "keyring":
        return KeptIn("keyring", program())
    if wanted is not None:
        return KeptIn(wanted)
    if stays:
        return KeptIn(None)
    if same:
        return KeptIn("env")
    try:
        return KeptIn("keyring", program())
    except SecretError as error:
        return KeptIn("profile", note=f"The OS keyring is not used: {error.message}")
