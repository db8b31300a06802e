"""The brain backed by a model behind an OpenAI-compatible API (docs/llm-brain.md).

brain       holds the conversation: history, rounds of tools, turns
prompt      pure: the system message, with a lead's values in a separate data block
tools       pure: the built-in tools, and what the model's tool calls mean
http_tools  the bot's own HTTP tools
models      which model to ask, and what to do when one fails: retry, fallback, give up
endpoint    one request to one model
sse         pure: parses server-sent events from bytes
answer      pure: assembles an answer from streamed chunks
schemas     pure: checks values against JSON schemas
analysis    analyses an ended call by the bot's prompt and schema
"""
