"""多维检索: questions over arrays, one a field of a run. Knows numpy and nothing of Django.

``fields``: what can be asked; ``query``: a question, its JSON and its address (``reading`` reads it); ``check``: whether it
fits the fields there are; ``run``: the answer, over tables that give arrays by a field's code.

The one rule about the unknown: a condition on a figure nobody has stated is false, whatever it asks; ``none`` of it is
therefore true, and ``unknown`` asks for it. Sums, means and quantiles are of the known figures.
"""
