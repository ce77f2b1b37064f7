"""``fased litellm explain``: what an error's text means, read from a log, a traceback or an answer. Pure."""
