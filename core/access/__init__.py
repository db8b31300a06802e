"""Who may ask (API keys), and what we show to others (secrets). docs/keys.md

keys       API keys: made, changed, rotated, revoked
checks     the key of a request: whose, and whether it may be used now
strangers   how often a client may fail to show something valid
wrong_keys   wrong keys: told to the operator, and slowed down
embedded   the key of the dialler that runs in the same process
sockets    who may open WebSocket calls to a bot
secrets    the secret store
installation  the encryption key, held against the secrets that are stored already
sealing    credentials that came written out over the API
tables     their tables
"""
