"""How the software works, for everybody to read: the notice in the API, and a page made of it.

    words       the sentences, each with the code that keeps it (pure)
    networks    reads networks.json, which `make docs` makes from the manifest of networks
    facts       puts the notice together from the tables of events and days (pure)
    page        the same as HTML (pure)
    examples    of the API's bodies
    routes      GET /privacy/notice, and the page /how-it-works

No claim stands here without its figure and input; where there is none, it says "not measured".
"""
