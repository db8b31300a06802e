"""`dialler serve`: the API, kept up, and a runner for every campaign that is to be dialled.

supervisor   starts and ends the runners
server       the API beside them, until told to stop
listening    the socket of the server, and its settings
"""
