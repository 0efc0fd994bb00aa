"""A session starts, or starts again on its node.

terms      its policy and its times (pure)
preparing  what it is started under, out of what is stored
start      prepared, the node asked, then made real
resume     started again after its node lost its memory
"""
