"""The leads of a campaign; one lead with everything that happened to it.

routes   what they answer to
view     which leads are shown, by the address of the page
"""
