from __future__ import annotations

from pathlib import Path

import pytest

from docs.generator.markers import find
from docs.generator.pages import with_output, with_tables
from docs.generator.session import MockProxy, RunError, Session, environment

PAGE = """\
<!-- file: ~/notes/hello.txt -->
```text
Hello
```
<!-- setup: export WORD=$(cat notes/hello.txt) -->
<!-- run: echo "$WORD from $HOME, 3 ms" -->
{body}
<!-- end -->
"""


def no_proxy() -> MockProxy:
    raise AssertionError("the page wants no proxy")


def page(body: str = "") -> str:
    return PAGE.format(body=body)


def test_a_page_is_one_shell_session_in_a_home_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    filled = with_output(page(), home, no_proxy)
    assert '```console\n$ echo "$WORD from $HOME, 3 ms"\nHello from ~, 3 ms\n```' in filled


def test_an_output_that_differs_in_a_time_alone_stays(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    old = page('```console\n$ echo "$WORD from $HOME, 3 ms"\nHello from ~, 971 ms\n```')
    assert with_output(old, home, no_proxy) == old


def test_an_unexpected_exit_status_is_told_with_the_output(tmp_path: Path) -> None:
    (marker,) = find("<!-- run 1: echo said; exit 3 -->\n<!-- end -->")
    with pytest.raises(RunError, match=r"ended with 3 in place of 1:\nsaid"):
        Session(tmp_path).perform(marker)


def test_the_commands_get_nothing_of_the_developers_own(tmp_path: Path) -> None:
    env = environment(
        {"PATH": "/bin", "FASED_STATE_DIR": "/x", "LITELLM_API_KEY": "sk-test-x", "OPENAI_API_KEY": "sk-test-y"},
        tmp_path,
    )
    assert {"FASED_STATE_DIR", "LITELLM_API_KEY", "OPENAI_API_KEY"}.isdisjoint(env)
    assert env["HOME"] == str(tmp_path)
    assert env["PATH"].endswith("/bin")


def test_a_shared_proxy_is_found_at_its_usual_place_and_port(tmp_path: Path) -> None:
    proxy = MockProxy(43210, "sk-test-shared", tmp_path / "proxy")
    proxy.folder.mkdir(parents=True)
    (proxy.folder / "master-key").write_text("sk-test-shared\n")
    home = tmp_path / "home"
    home.mkdir()
    filled = with_output(
        '<!-- proxy -->\n<!-- run: echo "$LITELLM_BASE_URL $(cat .fased/litellm/proxy/master-key)" -->\n<!-- end -->\n',
        home,
        lambda: proxy,
    )
    assert "http://localhost:4000 sk-test-shared" in filled


def test_a_table_of_an_unknown_name_is_an_error() -> None:
    with pytest.raises(Exception, match="nothing makes 'colours'"):
        with_tables("<!-- generated: colours -->\n<!-- end -->\n")
