"""From a public address to a table, without Django: fetched under guard, read in a bounded child, its fields given our names.

``fetching`` → ``reading`` (``sources`` in a bounded child process) → ``collecting``. What a source's fields mean is data: ``mapping``.
"""
