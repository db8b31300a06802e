"""The conversation: text in, text out, independent of what carries the call.

brain       the protocol of brains: what to say and do in each turn
session     holds the conversation: turns, silence, closure, maximum duration
rules/      the deterministic brain: no model, no network
llm/        the brain backed by a model behind an OpenAI-compatible API
callee_clock  on whose clock times are, and when a callee may be called back
phrases/    what people say, as data: a file a language and subject
opting_out, list_question   hear the callee who wants no more calls, whatever the brain
voicemail, machine   who has picked up, by the words; what is done when a machine has
party, answers, disclosure  who is on the line; yes and no; what may be said to whom
private_values, spoken_forms, number_words   private values in a sentence, in whatever form
speech, first_words   the one way to the callee's ear; what is said before anything else
session_lines   what the session itself says, by language
wishes      the wishes of the callee
transferring   transfers, to an address or to the agent desk
desk        the conversation's interface to the agent desk
holding     looks after a caller who waits for a person
silence, closure, keys   silence rules; words that end a call; keys pressed as one number
limits      the limits of a conversation
ending, over   how it ended, and its results; what ends it from within
transcript  what was said, in seconds since the answer
analysis    the analysis of calls without a conversation
"""
