"""The conversation: text in, text out, independent of what carries the call.

brain       the protocol of brains: what to say and do in each turn
session     holds the conversation: turns, silence, closure, maximum duration, transcript
rules/      the deterministic brain: no model, no network
llm/        the brain backed by a model behind an OpenAI-compatible API
callee_clock  on whose clock times are, and when a callee may be called back
desk        the conversation's interface to the agent desk
holding     looks after a caller who waits for a person
silence, voicemail, closure   silence rules; machine detection; words that end a call
limits      the limits of a conversation
ending      how it ended, and its results
transcript  what was said, in seconds since the answer
analysis    the analysis of calls without a conversation
"""
