"""English pages: the site thinks and keeps its records in Chinese; English is made where a page is written out.

``sentences`` knows the English of a finished Chinese sentence, ``pages`` asks it while a template is rendered, and
``xxgx.language`` knows who reads what. docs/adr/0012 says why.
"""
