from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.generator.markers import END, MarkerError, console, fill, find

PAGE = """\
# A page

<!-- setup: fased litellm up --mock -->
<!-- file: ~/example.py -->
```python
print("<!-- run: not a marker -->")
```

<!-- run 1: fased models set x -->
old
lines
<!-- end -->

````text
<!-- run: inside a fence -->
```
<!-- end -->
````

<!-- generated: errors -->
<!-- end -->
"""


def test_the_markers_of_a_page() -> None:
    found = [(marker.kind, marker.argument, marker.status, marker.body) for marker in find(PAGE)]
    assert found == [
        ("setup", "fased litellm up --mock", 0, ""),
        ("file", "~/example.py", 0, 'print("<!-- run: not a marker -->")'),
        ("run", "fased models set x", 1, "old\nlines"),
        ("generated", "errors", 0, ""),
    ]


def test_filling_changes_what_is_between_and_nothing_else() -> None:
    run, table = [marker for marker in find(PAGE) if marker.kind in ("run", "generated")]
    filled = fill(PAGE, {run.line: "new", table.line: "\n| a |\n"})
    assert filled == PAGE.replace("old\nlines", "new").replace(
        "errors -->\n<!-- end -->", "errors -->\n\n| a |\n\n<!-- end -->"
    )
    assert fill(filled, {}) == filled


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<!-- run: fased -->\n", "line 1: <!-- run: fased --> has no"),
        ("<!-- run: a -->\n<!-- run: b -->\n<!-- end -->", "line 1"),
        ("\n<!-- end -->", "line 2: nothing begins"),
        ("<!-- rum: fased -->", "unknown marker"),
        ("<!-- run -->\n<!-- end -->", "unknown marker"),
        ("<!-- file: x -->\ntext", "no fenced block follows"),
        ("```\nno end", "does not end"),
    ],
)
def test_a_broken_page_is_told_by_line(page: str, reason: str) -> None:
    with pytest.raises(MarkerError, match=reason.replace("(", r"\(")):
        find(page)


@given(st.text(alphabet="ab`<!-> \n$", max_size=200))
def test_what_is_filled_in_is_found_again(output: str) -> None:
    body = console("fased", output)
    page = fill(f"<!-- run: fased -->\n{END}\nbehind", {0: body})
    if END in body.split("\n"):
        return
    (marker,) = [marker for marker in find(page) if marker.line == 0]
    assert marker.body == body
    assert page.endswith(f"{END}\nbehind")


def test_a_fence_is_longer_than_any_inside() -> None:
    assert console("cat page.md", "```\ntext\n```\n") == "````console\n$ cat page.md\n```\ntext\n```\n````"
    assert console("true", "") == "```console\n$ true\n```"
