"""Users, roles, teams and invitations, for admins.

routes   what they answer to
"""
