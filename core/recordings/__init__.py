"""Recordings of answered calls: where they are, the links to them, and when they are forgotten (docs/recordings.md).

naming       the key of a recording
links        signed links that expire
link_keys    what signs them
recordings   what a call's result says of its recording
turns        who speaks when, from a transcript
sound        the sandbox's recordings, made when somebody listens
ranges       the part of a file that a request asks for
playback     from a call to the bytes that are played
tables       recordings that are files
store        their rows
uploads      takes them from this machine to the storage
retention    deletes what is too old
"""
