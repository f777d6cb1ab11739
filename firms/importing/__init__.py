"""From a department's file to a plan, without Django: what kind of file, its rows, its header, its cells, what it changes.

``sniff`` → ``spool`` (``reader`` in a bounded child process) → ``header`` → ``rows`` → ``plan`` / ``fold``.
"""
