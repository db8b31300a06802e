"""The conversation: text in, text out; it does not know what carries it.

brain       the protocol of brains: what one says and does in each turn
session     holds the conversation: turns, silence, closure, maximum duration, transcript
rules/      the deterministic brain: no model, no network
llm/        the brain that is a model behind an OpenAI-compatible API
"""
