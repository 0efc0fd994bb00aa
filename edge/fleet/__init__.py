"""Connects the node to its fleet: commands, answers, heartbeat, health and metrics.

commands   checks and obeys each command once      actions      start, end, enroll, verify, compare
configuring  puts settings that the coordinator gives in force, takes back what does no good
at_hand    which versions of networks could be opened here
node       health, heartbeat and metrics together  assignments  sends alerts and notices on
heartbeat  sent every few seconds                  health       the health score (pure)
measures   what the heartbeat says of the machine
metrics    Prometheus                              gpus         reads the GPUs' load
ladder     which level under which load (pure)     load         measures the load
stepping   changes the level under load            rating       how many sessions are admitted (pure)
rating_file  where the measured rating is kept     states       sends the state of every session
committing  alerts to disk, counted and traced     feature_log  sends logged features
frame_requests  whether pages send fewer frames when asked (pure)
"""
