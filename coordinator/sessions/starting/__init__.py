"""A session starts, or starts again on its node.

start       prepared, the node asked, then made real
prepare     what it is started under, out of what is stored
terms       its policy and its times (pure)
assignment  what its node is told of it
resume      started again after its node lost its memory
"""
