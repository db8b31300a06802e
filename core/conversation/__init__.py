"""The conversation: text in, text out; it does not know what carries it.

brain       the protocol of brains: what one says and does in each turn
session     holds the conversation: turns, silence, closure, maximum duration, transcript
rules/      the deterministic brain: no model, no network
llm/        the brain that is a model behind an OpenAI-compatible API
desk        what a conversation needs of the agent desk
holding     keeps a caller company until a person takes over
silence, voicemail, closure   what a silence means; machines; words that end a call
limits      what bounds a conversation
ending      how it ended, and what it leaves behind
transcript  what was said, in seconds since the answer
analysis    the analysis of calls without a conversation
"""
