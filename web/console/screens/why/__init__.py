"""Why a campaign is not dialling, or dials little: where every lead is.

routes   what it answers to
"""
