"""Answers by rules: what is asked (intents), about what (names), in which words (phrases)."""
