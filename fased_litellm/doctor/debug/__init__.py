"""``fased litellm debug``: a failing call reproduced with all its detail, and the verdict on it."""
