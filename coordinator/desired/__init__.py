"""What nodes are to have in place of what their own files say: settings and networks, for one, a region or
all.

layers   what is given to whom, and what that is for one node (pure)
standing what a node says of it, in one word (pure)
service  in the database                  tables   the rows
answers  in the API's form                examples for the API's description
telling  sends nodes what they have not read yet
routes   over REST
"""
