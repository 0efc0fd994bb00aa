"""A program's manual, from its own commands: nothing in it can differ from what the program accepts.

commands  a command and those below it (pure)     tree     reads them from the running program
roff      them as a page for `man` (pure)         markdown them as a page of the site (pure)
command   `PROGRAM manual`, which prints either
"""
