"""A session starts, or starts again on its node.

start    prepared, the node asked, then made real
prepare  what it is started under, out of what is stored
terms    its policy and its times (pure)
resume   started again after its node lost its memory
"""
