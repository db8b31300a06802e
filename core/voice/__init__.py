"""From audio to text and back: what stands between a transport that carries sound and a conversation that speaks text.

errors     what can go wrong
voices     which voice a call has: chosen, checked, made of its providers
checks     what is wrong with the voice of a bot, before anybody is called
speech     what speaks and listens on the calls of a process
ports      the protocols: an audio leg of a transport, a voice (speech synthesis and recognition)
activity   who speaks: voice activity from the energy of frames
beep       what 20 ms of sound are: silence, a tone, several, speech
machine_tones  which tones tell that a machine has answered
line       one call's audio, 20 ms at a time: playout that a callee can interrupt, utterances, beeps, the recording
sound_leg  what every leg made of sound has in common
leg        a leg that takes turns by the energy of sound, on any clock
session/   a leg whose turns livekit-agents' AgentSession takes, and speech providers by name
phrases    sound that was synthesized already, by its words
tones      a voice without words, to try a line with
recording  stereo WAV, written as it goes
media_thread  the clock of 20 ms that transports exchange sound by
offline/   speech that needs no account: piper and Whisper in processes of their own
"""
