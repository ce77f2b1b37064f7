"""Variables which a config refers to and which are not set: a state, in which only who needs such a value fails.

Fact: the Node agent refuses a whole config for one of them (``src/config/env-substitution.ts``). Here it can be read and edited as
it is written, since it is often set up before the key is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...errors import Issue, MissingVariable
from .placeholders import names_in

_BEGIN = "Missing env var "


def message(name: str, place: str) -> str:
    """Fased's words for a reference to a variable that is not set, or empty."""
    return f'{_BEGIN}"{name}" referenced at config path: {place}'


def variable(issue: Issue) -> str | None:
    """The variable which an issue is about; None for an issue of another kind."""
    begin, _, rest = issue.message.partition('"')
    return rest.partition('"')[0] if begin == _BEGIN else None


def variables(issues: Iterable[Issue]) -> list[str]:
    """The variables which issues are about, in their order, each once."""
    return list(dict.fromkeys(name for issue in issues if (name := variable(issue))))


def below(path: str, place: str) -> bool:
    """Whether a dotted path is a place, or below it; all are below the empty one."""
    return not place or path == place or path.startswith((f"{place}.", f"{place}["))


def refused(names: Iterable[str]) -> str:
    """A sentence: what the Node agent makes of a config with such variables."""
    listed = list(names)
    return f"The Node agent refuses the whole config while {', '.join(listed)} {'is' if len(listed) == 1 else 'are'} not set."


def where_to_set(names: Iterable[str], dotenv: Path) -> str:
    """A sentence: where variables can be set so that the Node agent sees them, too."""
    return f"Set {', '.join(names)} in the environment, or in {dotenv}."


def require(text: str, place: str, dotenv: Path) -> None:
    """Look at a value after ``${VAR}``, for those who have no more of the config than that.

    Raises:
        MissingVariable: it still has a ``${VAR}`` in it.
    """
    for name in names_in(text):
        raise needed(Issue(place, message(name, place)), dotenv)


def needed(issue: Issue, dotenv: Path) -> MissingVariable:
    """The error of somebody who needs a value which is not there.

    Args:
        issue: the value's.
        dotenv: the ``.env`` file of the state folder.
    """
    import shlex

    name = variable(issue) or ""
    instead = f"Or write the value itself: fased config set {shlex.quote(issue.path)} VALUE"
    return MissingVariable(issue, name, hint=f"{where_to_set([name], dotenv)} {instead}")
