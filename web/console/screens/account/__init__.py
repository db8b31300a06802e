"""One's own account: password, two-step sign-in, sessions, language, zone, theme, acting role.

routes   what it answers to
"""
