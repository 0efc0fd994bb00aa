"""`proctorctl doctor`: what is wrong with an installation, and how to mend it.

    finding    one thing that was looked at, and what the whole amounts to
    place      where the installation's parts are, out of its configuration files
    machine    programs, weights, configurations, permissions, disk, clock
    services   hub, coordinator, database, node, token: whatever answers on the network
    command    the command

What judges takes readings and is pure; what reads says "unknown" where it cannot. Nothing is changed.
"""
