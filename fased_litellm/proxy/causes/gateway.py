"""Failures of the proxy itself, and of its config."""

from __future__ import annotations

from functools import partial

from .rule import SHOW_MODELS, Rule

_own = partial(Rule, only="own")
RULES = (
    _own(
        "deployment-budget",
        "gateway",
        "The budget which the proxy's config sets for this deployment or provider is used up. Wait for its reset, or have the owner of the proxy raise it.",
        statuses=(429, 400),
        message=r"crossed budget|Exceeded budget for (?:deployment|provider)",
    ),
    _own(
        "cooldown",
        "gateway",
        "Every deployment of this model is cooling down after an earlier error, which is the real cause. Wait the seconds named, then try once more to see it, or let `fased litellm debug` do so.",
        statuses=(429, 400, 500),
        types=("all_deployments_in_cooldown",),
        message=r"No deployments available",
    ),
    _own(
        "model-missing",
        "caller",
        "The request names no model. Name one in `model`.",
        statuses=(400,),
        message=r"Invalid model name passed in model=None",
    ),
    _own(
        "unknown-model",
        "caller",
        f"The proxy has no model of that name. {SHOW_MODELS}",
        statuses=(400, 404),
        message=r"Invalid model name passed in|is not accessible|not found on litellm proxy",
    ),
    _own(
        "model-mapping",
        "gateway",
        "LiteLLM cannot tell which provider this model is at, so it left the deployment out. The owner of the proxy has to correct `litellm_params.model`: it begins with the provider, as in `openai/gpt-4o`.",
        statuses=(400, 404, 500),
        message=r"no healthy deployments for this model|LLM Provider NOT provided",
    ),
    _own(
        "gateway-no-database",
        "gateway",
        "This needs a proxy with a database. Calls and model discovery work without one.",
        statuses=(400, 401, 500),
        message=r"DB not connected|Database not connected|Prisma Client is not initialized",
    ),
    _own(
        "enterprise-only",
        "gateway",
        "The proxy offers this only with an Enterprise licence.",
        message=r"LiteLLM Enterprise|is an Enterprise feature|enterprise license",
    ),
    _own(
        "gateway-defect",
        "gateway",
        "This release of LiteLLM has a bug here. Upgrade the proxy.",
        statuses=(500,),
        message=r"^'NoneType' object has no attribute|LLM Model List not loaded",
    ),
    _own(
        "gateway-defect",
        "gateway",
        "LiteLLM puts the name of the model, that of the provider's model and `api_base` into headers, where only letters of Latin-1 may stand: a known limit. Have the owner of the proxy write them in Latin letters (`fased litellm map` shows where), or upgrade the proxy to 1.110 or later.",
        statuses=(500,),
        message=r"^'(?:latin-1|iso-8859-1)' codec can't encode",
    ),
)
"""In the words of a gateway behind the proxy they are of that one: ``behind``."""
