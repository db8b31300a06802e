"""Signing in and out: password, code, the first admin, invitations and new passwords.

routes   what it answers to
"""
