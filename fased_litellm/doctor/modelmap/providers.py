"""LiteLLM's names of model providers, and what is known of them.

Facts: the names are the values of ``LlmProviders`` in LiteLLM 1.106.2; which parameters a provider takes is what its
``get_supported_openai_params`` told there. A newer LiteLLM knows more names, so an unknown one is a warning, not an error.
"""

from __future__ import annotations

KNOWN_AS_OF = "LiteLLM 1.106.2"

_NAMES = (
    "a2a a2a_agent ai21 ai21_chat aiml aiohttp_openai amazon_nova anthropic anthropic_text apertis assemblyai "
    "auto_router aws_polly aws_textract azure azure_ai azure_speech azure_text baseten bedrock bedrock_mantle "
    "black_forest_labs bytez cerebras charity_engine chatgpt chutes clarifai cloudflare codestral cognition cohere "
    "cohere_chat cometapi compactifai cortecs cursor custom custom_openai darkbloom dashscope databricks datarobot "
    "deepgram deepinfra deepseek docker_model_runner dotprompt edenai elevenlabs empower fal_ai featherless_ai "
    "fireworks_ai friendliai galadriel gdc gemini gigachat github github_copilot gradient_ai groq helicone heroku "
    "hosted_vllm huggingface humanloop hyperbolic inception infinity jina_ai lambda_ai langflow langfuse langgraph "
    "lemonade libertai litellm_agent litellm_proxy llamafile lm_studio manus maritalk meta meta_llama milvus minimax "
    "mistral modelscope mongodb moonshot morph nadir nano-gpt nebius neosantara nlp_cloud novita nscale nvidia_nim "
    "nvidia_riva oci ollama ollama_chat oobabooga openai openai_like openrouter ovhcloud parasail perplexity petals "
    "pg_vector pinstripes poe predibase prism publicai qwen_ai_platform qwencloud ragflow recraft reducto reka "
    "replicate runwayml s3_vectors sagemaker sagemaker_chat sagemaker_nova sail sambanova sap scaleway scx-ai "
    "snowflake soniox stability strands_decider synthetic tencent tensormesh text-completion-codestral "
    "text-completion-inception text-completion-openai together_ai topaz transcribe triton typesafe v0 valkey "
    "vercel_ai_gateway vertex_ai vertex_ai_beta vllm volcengine voyage wandb watsonx watsonx_text xai xiaomi_mimo "
    "xinference zai"
)
PROVIDERS = frozenset(_NAMES.split())

KEY_VARIABLES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_API_KEY",
    "cerebras": "CEREBRAS_API_KEY",
    "cohere": "COHERE_API_KEY",
    "cohere_chat": "COHERE_API_KEY",
    "deepinfra": "DEEPINFRA_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "fireworks_ai": "FIREWORKS_AI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "perplexity": "PERPLEXITYAI_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "xai": "XAI_API_KEY",
}
"""The variable which LiteLLM reads where an entry names no key."""

KEYLESS = frozenset(
    {"ollama", "ollama_chat", "vllm", "hosted_vllm", "llamafile", "lm_studio", "docker_model_runner", "xinference"}
)
"""Servers of one's own, which ask for no key as a rule."""

CLOUD = frozenset(
    {"bedrock", "bedrock_mantle", "sagemaker", "sagemaker_chat", "sagemaker_nova", "vertex_ai", "vertex_ai_beta"}
)
"""Providers with a log-in of their cloud (profile, role, service account) in place of a key."""

_REFUSED = {
    "anthropic": "seed",
    "cohere_chat": "reasoning_effort, response_format",
    "fireworks_ai": "tool_choice, reasoning_effort",
    "groq": "reasoning_effort",
    "mistral": "reasoning_effort",
    "ollama": "tools, tool_choice",
    "perplexity": "tools, tool_choice, reasoning_effort",
    "together_ai": "reasoning_effort",
}


_BARE = (
    (("gpt-", "o1", "o3", "o4", "chatgpt-", "text-embedding-3", "text-embedding-ada", "whisper-1", "tts-1"), "openai"),
    (("dall-e-", "omni-moderation", "text-moderation"), "openai"),
    (("claude-",), "anthropic"),
)
"""Fact: LiteLLM knows bare names of a few makers from its table of models."""


def provider_of(written: str, custom: str | None, api_base: str | None) -> str | None:
    """The provider of an entry.

    Args:
        written: ``litellm_params.model``.
        custom: ``litellm_params.custom_llm_provider``, which wins.
        api_base: the endpoint; with one, LiteLLM finds the provider by other means.
    """
    if custom:
        return custom
    head, slash, _ = written.partition("/")
    if slash and head in PROVIDERS:
        return head
    if not slash and not api_base:
        lowered = written.lower()
        for beginnings, provider in _BARE:
            if lowered.startswith(beginnings):
                return provider
    return None


def refused_parameters(provider: str, model: str) -> str | None:
    """OpenAI parameters of which an agent sends some, and which LiteLLM refuses for that model unless ``drop_params`` is on."""
    name = model.rpartition("/")[2].lower()
    if provider in ("openai", "azure") and name.startswith(("gpt-5", "o1", "o3", "o4")):
        return "temperature other than 1, top_p"
    return _REFUSED.get(provider)
