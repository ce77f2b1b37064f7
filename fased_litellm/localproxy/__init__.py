"""A LiteLLM proxy on this machine, for those who have none: a real ``litellm`` process on 127.0.0.1.

It stands apart from the rest: nothing here is needed to use a proxy which somebody else runs.
"""
