"""`proctorctl doctor`: what is wrong with an installation, and how to repair it.

    finding    one result of a check, and the overall result
    place      where the installation's parts are, from its configuration files
    machine    programs, weights, configurations, permissions, disk, clock
    services   hub, coordinator, database, node and token, over the network
    command    the command

Judging functions take readings and are pure; reading functions answer "unknown" where they cannot read.
Nothing is changed.
"""
