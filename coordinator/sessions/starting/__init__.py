"""A session starts, or starts again on its node.

terms       its policy and its times (pure)
preparing   what it is started under, out of what is stored
assignment  what its node is told of it
first       prepared, the node asked, then made real
again       started again after its node lost its memory
"""
