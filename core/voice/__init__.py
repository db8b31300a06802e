"""From audio to text and back: connects a transport that carries sound with a conversation that speaks text.

errors     what can go wrong
voices     which voice a call has: chosen, checked, made of its providers
checks     what is wrong with the voice of a bot, before anybody is called
speech     what speaks and listens on the calls of a process
ports      the protocols: an audio leg of a transport, a voice (speech synthesis and recognition)
activity   who speaks: voice activity from the energy of frames
beep       classifies 20 ms of sound: silence, a tone, several, speech
machine_tones  tones that show that a machine has answered
line       one call's audio, 20 ms at a time: playout that the callee can interrupt, utterances, beeps, recording
sound_leg  the common base of legs that carry sound
leg        a leg that takes turns by voice energy, on any clock
session/   a leg whose turn-taking is livekit-agents' AgentSession, and speech providers by name
phrases    a cache of synthesized sound, by its words
tones      a voice of tones, to try out a trunk
recording  stereo WAV, written during the call
media_thread  the 20 ms clock by which transports exchange sound
offline/   speech without an account: piper and Whisper in separate processes
"""
