"""One campaign, live: its state with the reason, its figures, its calls, what came of them.

routes   what it answers to
view     what it shows, looked up in a thread
"""
