"""The parts which are read from the code: help texts, the tree of errors, the table of failures, the releases of the lock."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fased_litellm import errors
from fased_litellm.cli.commands import root
from fased_litellm.doctor import atlas
from fased_litellm.errors import FasedError
from fased_litellm.localproxy.diagnosis import START_CAUSES
from fased_litellm.net.causes import NETWORK_CAUSES
from fased_litellm.proxy.causes import FURTHER, RULES, STREAM_CUT, UNKNOWN, Rule
from tests import lock

_WIDTH = 80
_NODE = re.compile(r"^    (?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)\s", re.MULTILINE)


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Every command that is not hidden: how it is typed, the command, its context."""
    top = root()
    yield from _walk(top, _context(top, "fased", None), "fased")


def _walk(command: Any, context: Any, typed: str) -> Iterator[tuple[str, Any, Any]]:
    yield typed, command, context
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        sub = command.get_command(context, name)
        if not sub.hidden:
            yield from _walk(sub, _context(sub, name, context), f"{typed} {name}")


def _context(command: Any, name: str, parent: Any) -> Any:
    # A width of its own, so that neither the terminal nor COLUMNS counts.
    settings = {**command.context_settings, "terminal_width": _WIDTH}
    return command.context_class(command, info_name=name, parent=parent, **settings)


def help_texts() -> str:
    """The help of every command."""
    parts = []
    for typed, command, context in commands():
        parts.append(f"## {typed}\n\n```text\n{command.get_help(context).rstrip()}\n```")
    return "\n\n".join(parts)


def command_list() -> str:
    """Every command with its first sentence."""
    rows = [
        f"| [`{typed}`](#{typed.replace(' ', '-')}) | {_first_sentence(command.help)} |"
        for typed, command, _ in commands()
    ]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def error_codes() -> str:
    """The tree of exceptions, as the docstring of ``fased_litellm.errors`` draws it."""
    rows = []
    for name, depth in tree():
        cls = getattr(errors, name)
        assert issubclass(cls, FasedError)
        indent = "· " * depth
        rows.append(f"| {indent}`{cls.code}` | {cls.exit_status} | `{name}` | {_first_sentence(cls.__doc__)} |")
    return "\n".join(["| code | exit status | exception | meaning |", "|---|---|---|---|", *rows])


def tree() -> list[tuple[str, int]]:
    """Class names of the drawn tree, with their depth."""
    found = [(match["name"], len(match["branch"]) // 4) for match in _NODE.finditer(errors.__doc__ or "")]
    assert found, "the docstring of fased_litellm.errors draws no tree"
    return found


def failure_rules() -> str:
    """The table of failures, in the order in which it is searched."""
    rows = [_failure(rule) for rule in (*RULES, *FURTHER, STREAM_CUT, UNKNOWN)]
    return "\n".join(["| cause | origin | HTTP status | what to do |", "|---|---|---|---|", *rows])


def _failure(rule: Rule) -> str:
    statuses = ", ".join(map(str, rule.statuses)) or "any"
    if rule is STREAM_CUT:
        statuses = "none"
    return f"| `{rule.cause}` | {rule.origin} | {statuses} | {_cell(rule.remedy)} |"


def ways() -> str:
    """What goes wrong before the proxy answers."""
    rows = [
        f"| `{way.cause}` | `{way.code}` | {way.origin} | {_cell(way.what)} | {_cell(way.remedy)} |"
        for way in NETWORK_CAUSES
    ]
    return "\n".join(["| cause | error code | origin | what happened | what to do |", "|---|---|---|---|---|", *rows])


def starts() -> str:
    """Why a proxy does not start."""
    rows = [f"| `{found.name}` | {_cell(found.cause)} | {_cell(found.remedy)} |" for found in START_CAUSES]
    return "\n".join(["| cause | what happened | what to do |", "|---|---|---|", *rows])


def failure_atlas() -> str:
    """The known ways to fail, section by section."""
    parts = [_atlas_counts()]
    for title, cases in atlas.SECTIONS:
        rows = [_case(case) for case in cases]
        head = ["| how it comes about | the answer | cause | origin | what to do |", "|---|---|---|---|---|"]
        parts.append("\n".join([f"### {title}", "", *head, *rows]))
    return "\n\n".join(parts)


def _atlas_counts() -> str:
    real = sum(case.needs != "scripted" for case in atlas.CASES)
    return (
        f"{len(atlas.CASES)} cases. {real} of them a test produces on real proxies; the other {len(atlas.CASES) - real}, in the"
        " last section, need no proxy: a server in its place answers as a script says."
    )


def _case(case: atlas.Case) -> str:
    answer = _code(case.message)
    if case.status is not None:
        answer = f"{case.status}{f' `{case.type}`' if case.type else ''}: {answer}"
    where = {"database": " (with a database)", "no-database": " (without a database)"}.get(case.needs, "")
    if "database" in case.produced:
        where = ""
    if case.openai2:
        answer += f"; with openai 2: {_code(case.openai2)}"
    older = f"; before {case.since}: {case.earlier}" if case.since else f"; older releases: {case.earlier}"
    produced = f"{case.produced}{where}"
    cells = (produced, answer + (older if case.earlier else ""), f"`{case.cause}`", case.origin, case.remedy)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _code(text: str) -> str:
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text} {ticks}" if text.endswith("`") else f"{ticks}{text}{ticks}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def locked() -> str:
    """The packages which the project names, and the SDK behind LiteLLM, in the releases of the lock."""
    project = tomllib.loads((lock.FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    groups = {
        "the package": project["dependencies"],
        "`[proxy]`": [*extras["proxy"], "openai"],
        "`[postgres]`": extras["postgres"],
        "tests and checks": [line for line in extras["dev"] if line not in extras["postgres"]],
    }
    pins: dict[str, list[str]] = {}
    for pin in lock.pins("dev"):
        pins.setdefault(pin.name, []).append(str(pin.version))
    rows = []
    for group, lines in groups.items():
        names = [canonicalize_name(Requirement(line).name) for line in lines]
        cell = ", ".join(f"{name} {' or '.join(pins[name])}" for name in names)
        rows.append(f"| {group} | {cell} |")
    return "\n".join(["| for | packages |", "|---|---|", *rows])


def _first_sentence(text: str | None) -> str:
    paragraph = (text or "").strip().partition("\n\n")[0]
    sentence = re.split(r"(?<=[.!?])\s", " ".join(paragraph.split()), maxsplit=1)[0]
    return _cell(sentence.replace("``", "`"))


PARTS: dict[str, Callable[[], str]] = {
    "commands": command_list,
    "help": help_texts,
    "errors": error_codes,
    "failures": failure_rules,
    "ways": ways,
    "atlas": failure_atlas,
    "lock": locked,
    "starts": starts,
}
"""Name in a ``generated`` marker → what makes the text."""
