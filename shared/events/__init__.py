"""Events: each is one row that says everything about it. Standard library only, no input or output.

    types  the closed lists: events, classes, lanes, raisers, features
    looks  the kinds of looking and listening, and how often each is done on each level
    row    what one row holds
    rows   the rows, by what they are about
    table  all rows in one table, and what is asked of it most
    words  what classes, advice and events are called

A new event is a name in `types` and a row in `rows`; a new kind of looking is a row in `looks`.
"""
