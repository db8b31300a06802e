"""The system: the processes that hold calls, trunks that rest, pushes that wait.

routes   what it answers to
view     what it shows, as plain values
"""
