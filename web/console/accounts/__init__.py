"""Accounts of the console: who may sign in, and the sessions of those who did.

tables      users, teams, sessions, one-time links
users       the users
teams       the teams
sessions    signed-in browsers: opened, looked up, listed, revoked
links       one-time links: the first admin, invitations, new passwords
passwords   argon2id, off the event loop, few at a time
totp        two-step sign-in by an authenticator app
attempts    how often somebody may try to sign in
"""
