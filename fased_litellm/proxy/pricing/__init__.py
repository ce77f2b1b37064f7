"""What a call costs by the prices which LiteLLM names for a model, reckoned as LiteLLM reckons it.

``card`` reads the prices of one deployment, ``rates`` says which of them hold for a call, ``prompt`` and ``reply`` add up,
``routes`` knows the providers for which LiteLLM reckons otherwise, and ``prices`` is what everybody else uses.

Facts: LiteLLM 1.108.7, ``litellm_core_utils/llm_cost_calc`` and the ``cost_calculat*`` modules of ``llms``. The tests hold
all of it against ``litellm.cost_per_token`` for every chat model of LiteLLM's price map.
"""
