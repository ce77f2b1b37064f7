"""Made-up conversations of an agent, as lines of a transcript."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from .clock import Clock
from .shapes import PI, Shape

FAILURES = (
    "429 litellm.RateLimitError: no deployments available, try again in 5 seconds",
    "408 litellm.Timeout: the request took longer than 600 seconds",
    "500 litellm.InternalServerError: the upstream closed the connection",
    "400 litellm.ContextWindowExceededError: the prompt is longer than the model takes",
)
AT_ONCE = 0.005
"""So many calls fail in the same millisecond in which they were begun: most such calls did not leave the machine."""
TOOLS = ("exec", "read", "write", "web_fetch", "web_search", "memory_search", "browser", "sessions_send")
_STOCK = (
    "the a of to and in is that it for on with as at by from this are be or an can will not have has was one all which"
    " when then file line table user agent model call price token answer question report list value number name time"
    " day week run task check plan step note read write send open close begin end first last next new old long short"
    " fast slow small large good wrong empty whole part place reason cause result error server proxy key route cache"
    " folder branch commit test build deploy ticket order invoice customer meeting message summary draft version config"
    " déjà über naïve coöperate → ✓ – … 42 3.14 2026 https://example.test/a/b?c=d {} [] <b> C:\\\\temp"
)
_WORDS = _STOCK.split(" ")


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its prices in USD per million tokens: input, output, cache read, cache write. All 0: no price is known.

    ``caches``: how prompts are cached: written and read, read only, or not at all. ``thinks``: how much it reasons.
    """

    provider: str
    id: str
    api: str
    prices: tuple[float, float, float, float]
    caches: str
    share: int
    thinks: str = "off"


MODELS = (
    Model("litellm", "team-sonnet", "openai-completions", (3.0, 15.0, 0.3, 3.75), "written", 36),
    Model("litellm", "gpt-5.5", "openai-completions", (1.25, 10.0, 0.125, 0.0), "read", 24, "low"),
    Model("litellm", "team-haiku", "openai-completions", (0.8, 4.0, 0.08, 1.0), "written", 14),
    Model("litellm", "default", "openai-completions", (0.27, 1.1, 0.07, 0.0), "read", 10),
    Model("litellm", "house-qwen", "openai-completions", (0.0, 0.0, 0.0, 0.0), "", 8),
    Model("anthropic", "claude-opus-4-6", "anthropic-messages", (5.0, 25.0, 0.5, 6.25), "written", 5, "high"),
    Model("openrouter", "z-ai/glm-5", "openai-completions", (0.43, 1.74, 0.08, 0.0), "read", 3),
)
_SHARES = tuple(model.share for model in MODELS)


class Texts:
    """A stock of texts, already JSON, of the lengths which messages have: most short, some of several thousand characters."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.asked = [self._text(4.2, 0.9) for _ in range(700)]
        self.said = [self._text(4.9, 1.0) for _ in range(1500)]
        self.found = [self._text(4.6, 1.3) for _ in range(1500)]
        self.thought = [self._text(4.6, 0.7) for _ in range(300)]
        self.arguments = [json.dumps({"command": " ".join(random.choices(_WORDS, k=6))}) for _ in range(300)]

    def _text(self, middle: float, spread: float) -> str:
        length = min(9000, int(self._random.lognormvariate(middle, spread)) + 2)
        words = self._random.choices(_WORDS, k=length // 5 + 1)
        for place in range(9, len(words), 17):
            words[place] += self._random.choice((".\n", ",", ".\n\n- ", ': "so"', ".", "\t"))
        return json.dumps(" ".join(words)[:length], ensure_ascii=False)


class Conversation:
    """One session. ``write`` fills ``lines``; the other attributes count what is in them."""

    def __init__(
        self, random: Random, texts: Texts, clock: Clock, serial: int, session: str, shape: Shape = PI
    ) -> None:
        self.lines: list[str] = []
        self.clock = clock
        self.model = random.choices(MODELS, _SHARES)[0]
        self.messages = self.failed = self.unpriced = 0
        self.input = self.output = self.cache_read = self.cache_write = self.cost_pico = 0
        self.context = random.randint(4_000, 18_000)
        self.last_output = 0
        self._shape = shape
        self._random = random
        self._texts = texts
        self._serial = serial
        self._cached = 0
        self._parent = "null"
        self._add("session", f'"version":3,"id":"{session}"', named=False, more=',"cwd":"/srv/agent"')
        model = f'"provider":"{self.model.provider}","modelId":"{self.model.id}"'
        self._add("model_change", model)
        self._add("thinking_level_change", f'"thinkingLevel":"{self.model.thinks}"')
        if shape.snapshots:
            snapshot = f'"timestamp":{clock.now},"provider":"{self.model.provider}","modelApi":"{self.model.api}"'
            snapshot += f',"modelId":"{self.model.id}"'
            self._add("custom", "", before=f'"customType":"model-snapshot","data":{{{snapshot}}},')

    def write(self, messages: int) -> int:
        """Add turns until there are so many messages of the assistant; gives the serial number for the next session."""
        random = self._random.random
        while self.messages < messages:
            left = messages - self.messages
            self.clock.wait(self._random.expovariate(1 / 240_000), left * 4)
            self._say("user", f'[{{"type":"text","text":{self._pick(self._texts.asked)}}}]')
            self.context += 30 + int(random() * 200)
            calls = min(left - 1, int(self._random.expovariate(0.62)))
            for number in range(calls + 1):
                self._answer(number < calls, left - number)
        return self._serial

    def _answer(self, calls_a_tool: bool, left: int) -> None:
        random = self._random.random
        chance = random()
        begun = self.clock.now
        duration = self.clock.wait(700 + random() * random() * 22_000, left * 4) - begun
        self.messages += 1
        if chance < 0.015:
            self.failed += 1
            if chance < AT_ONCE:
                duration = 0
            self._say_more("[]", (0, 0, 0, 0), "error", duration, self._pick(FAILURES))
            return
        output = 20 + int(random() * random() * random() * 3600)
        usage = self._usage(output)
        if chance < 0.02:
            self._say_more(self._text(), usage, "aborted", duration, "Request was aborted")
        elif calls_a_tool:
            call = f"call_{self._serial:010x}"
            tool = self._pick(TOOLS)
            signature = ',"thinkingSignature":"reasoning_content"' if self._shape.signatures else ""
            thought = f'{{"type":"thinking","thinking":{self._pick(self._texts.thought)}{signature}}},'
            thought = thought if chance > 0.7 else ""
            content = f'[{thought}{{"type":"toolCall","id":"{call}","name":"{tool}","arguments":{self._pick(self._texts.arguments)}}}]'
            self._say_more(content, usage, "toolUse", duration)
            self._result(call, tool, left)
        else:
            self._say_more(self._text(), usage, "stop", duration)

    def _text(self) -> str:
        return f'[{{"type":"text","text":{self._pick(self._texts.said)}}}]'

    def _usage(self, output: int) -> tuple[int, int, int, int]:
        """Tokens of a call on the context as it stands: input, output, cache read, cache write."""
        if self.context > 180_000:
            self.context, self._cached = 12_000 + self._serial % 9_000, 0
        cold = self._random.random() < 0.06  # the provider has forgotten it
        read = 0 if cold or not self.model.caches else self._cached
        if self.model.caches == "written":
            fresh = 3 + self._serial % 9
            usage = (fresh, output, read, self.context - read)
            self._cached = self.context
        else:
            usage = (self.context - read, output, read, 0)
            self._cached = self.context // 128 * 128
        self.context += output
        self.last_output = output
        return usage

    def _say_more(
        self, content: str, usage: tuple[int, int, int, int], stop: str, duration: int, failure: str = ""
    ) -> None:
        prices = self.model.prices
        fresh, output, read, written = usage
        costs = (
            prices[0] / 1e6 * fresh,
            prices[1] / 1e6 * output,
            prices[2] / 1e6 * read,
            prices[3] / 1e6 * written,
        )
        total = costs[0] + costs[1] + costs[2] + costs[3]
        self.input += fresh
        self.output += output
        self.cache_read += read
        self.cache_write += written
        self.cost_pico += round(total * 1e12)
        used = fresh + output + read + written
        if used and not total:
            self.unpriced += 1
        self._say(
            "assistant",
            content,
            f',"api":"{self.model.api}","provider":"{self.model.provider}","model":"{self.model.id}","usage":'
            f'{{"input":{fresh},"output":{output},"cacheRead":{read},"cacheWrite":{written}{self._reasoning(output)},'
            f'"totalTokens":{used},"cost":'
            f'{{"input":{_number(costs[0])},"output":{_number(costs[1])},"cacheRead":{_number(costs[2])},'
            f'"cacheWrite":{_number(costs[3])},"total":{_number(total)}}}}},"stopReason":"{stop}"'
            + (f',"durationMs":{duration}' if self._shape.durations else ""),
            # Fact: a reply has the time when the agent began to wait for it, and its line that of its end.
            begun=self.clock.now - duration,
            behind=f',"errorMessage":"{failure}"' if failure else self._response_id(),
        )

    def _reasoning(self, output: int) -> str:
        """Fact: a failed call, which has no usage of the provider, has no reasoning either."""
        if not self._shape.reasoning or not output:
            return ""
        return f',"reasoning":{int(output * self._random.random()) if self.model.thinks != "off" else 0}'

    def _response_id(self) -> str:
        return f',"responseId":"chatcmpl-{self._random.getrandbits(128):032x}"' if self._shape.response_ids else ""

    def _result(self, call: str, tool: str, left: int) -> None:
        self.clock.wait(20 + self._random.random() * 3000, left * 4)
        text = self._pick(self._texts.found)
        self.context += len(text) // 3
        failed = "true" if self._random.random() < 0.04 else "false"
        self._say(
            "toolResult",
            f'[{{"type":"text","text":{text}}}]',
            (f',"details":{self._shape.details}' if self._shape.details else "") + f',"isError":{failed}',
            f'"toolCallId":"{call}","toolName":"{tool}",',
        )

    def _say(self, role: str, content: str, more: str = "", before: str = "", begun: int = 0, behind: str = "") -> None:
        message = f'{{"role":"{role}",{before}"content":{content}{more},"timestamp":{begun or self.clock.now}{behind}}}'
        self._add("message", f'"message":{message}')

    def _add(self, kind: str, what: str, *, named: bool = True, before: str = "", more: str = "") -> None:
        at = self.clock.text()
        if not named:
            self.lines.append(f'{{"type":"{kind}",{what},"timestamp":"{at}"{more}}}')
            return
        # A number times an odd one, modulo 2³²: looks random, and none comes twice.
        own = f'"{self._serial * 2_654_435_761 & 0xFFFFFFFF:08x}"'
        self._serial += 1
        what = f",{what}" if what else ""
        self.lines.append(f'{{"type":"{kind}",{before}"id":{own},"parentId":{self._parent},"timestamp":"{at}"{what}}}')
        self._parent = own

    def _pick(self, texts: list[str] | tuple[str, ...]) -> str:
        return texts[int(self._random.random() * len(texts))]


def _number(value: float) -> str:
    """As JavaScript writes it: with an exponent only below a millionth."""
    if not value:
        return "0"
    return f"{Decimal(repr(value)):f}" if 1e-6 <= value < 1e-4 else repr(value)
