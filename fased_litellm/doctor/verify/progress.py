"""How far an installation has come, and what is next: one alias, a second one, a virtual key, a budget, a fallback.

What was once reached is kept in a small file per state folder, for each proxy by its address.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

from ... import atomicfile, jsontext, ownership, statefile
from ...config.files.filelock import LockBusy, locked
from ...documents import Doc, TypedDict
from ...errors import FasedError
from ...proxy.management.keykind import KeyKind
from ...usage.record import iso

_VERSION = 1
_MOST_BYTES = 4 * 1024 * 1024
_THEN = "What was verified counts again once `fased litellm verify` has checked it again."


class RungPart(TypedDict):
    """One rung of the ladder."""

    name: str
    title: str
    reached: bool
    reachedAt: Annotated[str | None, Doc("UTC.")]
    evidence: str | None
    command: Annotated[str | None, Doc("How to reach it; null where the proxy has no database, which it needs.")]


@dataclass(frozen=True, slots=True)
class Milestone:
    """One rung.

    Attributes:
        name: short fixed name.
        title: for people.
        reached_at: when it was first reached, UTC; None if it is not.
        evidence: by what; None if it is not.
        command: how to reach it; None where this proxy gives no way, since it has no database.
    """

    name: str
    title: str
    reached_at: str | None
    evidence: str | None
    command: str | None

    @property
    def reached(self) -> bool:
        return self.reached_at is not None

    def as_dict(self) -> RungPart:
        return {
            "name": self.name,
            "title": self.title,
            "reached": self.reached,
            "reachedAt": self.reached_at,
            "evidence": self.evidence,
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run of the verification has shown.

    Attributes:
        verified: model ids whose every step passed.
        kind: of the key.
        budget: the key's budget in words; None for none, or where it is not known.
        stand_ins: model id → the ids that stand in for it, by the agent's config and the proxy's.
        database: whether the proxy has one; None where it does not say.
    """

    verified: tuple[str, ...] = ()
    kind: KeyKind = "unknown"
    budget: str | None = None
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    database: bool | None = None

    @property
    def virtual_keys(self) -> bool:
        """Whether the proxy can have virtual keys at all, as far as is known."""
        return self.database is not False and self.kind != "only-master"


RUNGS = {
    "alias": ("one alias is verified", "fased litellm verify"),
    "second-alias": ("a second alias is verified", "fased litellm verify ALIAS"),
    "virtual-key": ("the agent has a virtual key", "fased litellm keys create --use"),
    "budget": ("its key has a budget", "fased litellm keys update KEY --max-budget 50 --budget-duration monthly"),
    "fallback": ("a fallback is verified", "fased agents models set --agent main --fallback litellm/ALIAS"),
}


def evidence(seen: Seen, verified: Iterable[str]) -> dict[str, str]:
    """Rung → by what it is reached. Pure.

    Args:
        seen: this run.
        verified: the ids verified by now, in this run and before.
    """
    known = list(dict.fromkeys(verified))
    found: dict[str, str] = {}
    if known:
        found["alias"] = f"litellm/{known[0]}"
    if len(known) > 1:
        found["second-alias"] = f"litellm/{known[1]}"
    if seen.kind == "virtual":
        found["virtual-key"] = "the proxy knows the key as a virtual one"
    if seen.budget is not None:
        found["budget"] = seen.budget
    for model, others in seen.stand_ins.items():
        good = [other for other in others if other in known]
        if model in known and good:
            found["fallback"] = f"litellm/{good[0]} stands in for litellm/{model}; both are verified"
    return found


@dataclass(slots=True)
class Reached:
    """When a rung was first reached, and by what."""

    at: str
    by: str


@dataclass(slots=True)
class Climbed:
    """What is kept of one proxy: the ids that were verified, and rung → how it was reached."""

    verified: list[str] = field(default_factory=list)
    rungs: dict[str, Reached] = field(default_factory=dict)


@dataclass(slots=True)
class _Version:
    version: int = _VERSION


@dataclass(slots=True)
class Kept(_Version):
    """The shape of the file; ``proxies`` by their addresses."""

    proxies: dict[str, Climbed] = field(default_factory=dict)


class VerifyProgress:
    """The ladder of one installation and proxy.

    Args:
        path: the file.
        base_url: the proxy.
    """

    def __init__(self, path: Path, base_url: str) -> None:
        self._path, self._base_url = path, base_url

    def climb(self, seen: Seen) -> list[Milestone]:
        """Keep what was reached, and give all rungs.

        Raises:
            FasedError: the file cannot be written; nothing is lost but the memory of this run.
        """
        try:
            with locked(self._path):
                whole = self._read()
                mine = whole.proxies.setdefault(self._base_url, Climbed())
                mine.verified = list(dict.fromkeys([*mine.verified, *seen.verified]))
                now = iso(time.time_ns() // 1_000_000_000 * 1000)
                for name, why in evidence(seen, mine.verified).items():
                    mine.rungs.setdefault(name, Reached(now, why))
                data = json.dumps(asdict(whole), indent=2) + "\n"
                atomicfile.replace(self._path, data.encode())
        except LockBusy as error:
            raise FasedError(f"{self._path} cannot be written: {error}.") from error
        except OSError as error:
            told = ownership.told(self._path) if error.errno in ownership.DENIED else None
            raise FasedError(f"{self._path} cannot be written: {error.strerror}. {told or ''}".rstrip()) from error
        return _rungs(mine.rungs, virtual_keys=seen.virtual_keys)

    def now(self, *, virtual_keys: bool = True) -> list[Milestone]:
        """All rungs as they were last reached; none where that cannot be read."""
        try:
            kept = self._read()
        except (FasedError, OSError):
            return _rungs({}, virtual_keys=virtual_keys)
        return _rungs(kept.proxies.get(self._base_url, Climbed()).rungs, virtual_keys=virtual_keys)

    def _read(self) -> Kept:
        """What is kept; a file of another shape is set aside: it holds nothing that another run would not show."""
        return statefile.read(self._path, _MOST_BYTES, self._made, then=_THEN) or Kept()

    def _made(self, data: bytes) -> Kept:
        if jsontext.decode(data, _Version).version > _VERSION:
            raise FasedError(f"{self._path} was written by a newer fased-litellm, and stays as it is.")
        return jsontext.decode(data, Kept)


def following(rungs: Iterable[Milestone]) -> Milestone | None:
    """The first rung that is not reached and can be; None at the top."""
    return next((rung for rung in rungs if not rung.reached and rung.command is not None), None)


_OF_VIRTUAL_KEYS = ("virtual-key", "budget")


def _rungs(kept: Mapping[str, Reached], *, virtual_keys: bool) -> list[Milestone]:
    found = []
    for name, (title, command) in RUNGS.items():
        out_of_reach = name in _OF_VIRTUAL_KEYS and not virtual_keys
        reached = kept.get(name)
        found.append(
            Milestone(
                name,
                f"{title} (needs a database at the proxy)" if out_of_reach and reached is None else title,
                reached.at if reached else None,
                reached.by if reached else None,
                None if out_of_reach else command,
            )
        )
    return found
