"""The node as one of a fleet: what it is told, what it answers, how it says that it lives.

commands   who may command, each command once      actions      start, end, enroll, verify, compare
node       health, heartbeat and metrics together  assignments  whose alerts and notices go where
heartbeat  sent every few seconds                  health       how well the node is (pure)
metrics    Prometheus                              lag          how late the event loop is
"""
