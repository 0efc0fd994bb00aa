"""The node as one of a fleet: what it is told, what it answers, how it says that it lives.

commands   who may command, each command once      actions    start, end, enroll, verify, compare
node       health, heartbeat and metrics together  heartbeat  sent every few seconds
health     how well the node is (pure)             metrics    Prometheus
lag        how late the event loop is
verified   the answer about one frame (pure)       compared   the answer about many faces (pure)
"""
