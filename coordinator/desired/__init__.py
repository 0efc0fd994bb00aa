"""Settings and networks that operators give to nodes: to one, to a region or to all.

They count in place of what the nodes' own files say.

layers   what is given to whom, and what that is for one node (pure)
applied  how far a node has come with it, in one word (pure)
service  in the database                  tables   the rows
answers  in the API's form                examples for the API's description
telling  sends nodes what they have not read yet
routes   over REST
"""
