"""Speech synthesis and recognition without an account or a network: piper and Whisper, in separate processes.

wire      the protocol on the pipes to those processes
models    the models, and whether they are the ones we know
speaker   the process that speaks (piper, whose licence is the GPL: nothing else imports it)
listener  the process that listens (Whisper tiny.en)
resampling  between the rates of models and of phones
helper    our end of such a process
voice     the pair as a `Voice`
"""
