"""Who may use the API (keys), and the credentials that we send to other systems (secrets). docs/keys.md

keys       API keys: create, change, rotate, revoke
checks     checks the key of a request: whose it is, and whether it may be used now
strangers   how often a client may fail to show something valid
wrong_keys   wrong keys: logged for the operator, and throttled
embedded   the key of the dialler that runs in the same process
sockets    who may open WebSocket calls to a bot
secrets    the secret store
installation  the encryption key, checked against the secrets already stored
person_keys  what concerns a person, sealed with a key that erasing them destroys
sealing    plaintext credentials that arrive over the API
tables     their tables
"""
