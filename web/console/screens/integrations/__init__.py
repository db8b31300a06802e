"""Integrations: what was pushed to CRMs and webhooks, each attempt, and sending again what was given up.

routes   what it answers to
view     which deliveries are shown, by the address of the page
"""
