"""Recordings of answered calls: where they are, the links to them, and their retention (docs/recordings.md).

naming       the key of a recording
links        signed links that expire
link_keys    the keys that sign them
recordings   what a call's result says about its recording
turns        who speaks when, from a transcript
sound        the sandbox's recordings, synthesized on demand
ranges       the part of a file that a request asks for
playback     from a call to the bytes to play
tables       recordings that are files
store        their rows
uploads      uploads them from this machine to the storage
retention    deletes recordings past their retention
"""
