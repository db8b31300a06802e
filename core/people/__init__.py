"""What the core holds of a person, to show it, hand it out, and erase it on their request. A person is known by their numbers here.

finding   their calls, and what hangs on them
erasing   takes out of calls, events, deliveries, hand-offs and recordings what tells of the person; the figures stay
"""
