from __future__ import annotations

from pathlib import Path

from docs.generator.wording import shown, structure

ONE = """\
LiteLLM is ready at http://127.0.0.1:4000 (process 23809, for 34 s).
Key  sk-…UoF8 from env
2026-11-22T05:14:55.582Z
litellm/default → openai/gpt-5.5 · 28 tokens (13 in, 15 out) · $0.000515 · 915 ms, first after 418 ms
main   digest  $0.0005  ████████████
"callId": "79b2185a-3165-475e-8949-2a2881271993", "costUsd": 1.26e-05
"""
OTHER = """\
LiteLLM is ready at http://localhost:4000 (process 31, for 2 min).
Key    sk-…dMoM from env
2027-01-02T10:00:00Z
litellm/default → openai/gpt-5.5 · 31 tokens (14 in, 17 out) · < $0.000001 · 1,204 ms, first after 9 ms
main  digest  $12.50  ███▋
"callId": "11111111-3165-475e-8949-2a2881271993", "costUsd": 0.00049
"""


def test_two_runs_have_the_same_structure() -> None:
    assert structure(ONE) == structure(OTHER)


def test_what_a_reader_relies_on_is_part_of_the_structure() -> None:
    for before, after in (("default", "strong"), ("digest", "triage"), ("process", "pid"), ("28 tokens", "no tokens")):
        assert before in ONE
        assert structure(ONE) != structure(ONE.replace(before, after))
    assert structure("3 calls, 1 failed") != structure("3 calls, 2 failed")
    assert structure("a\nb") != structure("a b")


def test_an_output_as_a_reader_would_see_it() -> None:
    output = (
        "Wrote /tmp/scratch/home-1/.fased/fased.json\n"
        "fased onboard --auth-choice litellm-api-key --custom-base-url http://127.0.0.1:43210\n"
        "$ fased litellm up --mock --port 43210\n"
        "in /var/tmp/fased-quickstart-a1b2c3/.fased at http://localhost:43210/v1, 143210 tokens\n"
    )
    assert shown(output, homes=[Path("/tmp/scratch/home-1")], ports=[43210]) == (
        "Wrote ~/.fased/fased.json\n"
        "fased onboard --auth-choice litellm-api-key\n"
        "$ fased litellm up --mock\n"
        "in /tmp/fased-quickstart-x/.fased at http://localhost:4000/v1, 143210 tokens\n"
    )
