"""A pair of speech synthesis and recognition that needs no account and no network: piper and Whisper, in processes of their own.

wire      what stands on the pipes to those processes
models    which models there are, and whether they are the ones we know
speaker   the process that speaks (piper, whose licence is the GPL: nothing else imports it)
listener  the process that understands (Whisper tiny.en)
resampling  between the rates of models and of phones
helper    our end of such a process
voice     the pair as a `Voice`
"""
