"""The list of campaigns, and the orders that can be given to one: start, pause, resume, stop.

routes   what it answers to
view     which campaigns are shown, by the address of the page
"""
