"""Where large objects are kept: recordings.

base       the protocol of object stores, and what can go wrong
keys       which keys are safe
local      a folder on this machine
s3         any S3-compatible service (extra `s3`)
settings   chooses the store from the settings
"""
