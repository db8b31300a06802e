"""The brain that is a model behind an OpenAI-compatible API (docs/llm-brain.md).

brain       holds the conversation: history, rounds of tools, turns
prompt      pure: the system message; a lead's values stand in a data block of their own
tools       pure: the built-in tools, and what the model's tool calls mean
http_tools  the bot's own HTTP tools
models      which model is asked, and what when one fails: retry, fallback, give up
endpoint    one request to one model
sse         pure: server-sent events out of bytes
answer      pure: an answer out of its streamed bits
schemas     pure: values checked against JSON schemas
analysis    what came of an ended call, by the bot's prompt and schema
"""
