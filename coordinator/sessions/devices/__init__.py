"""The devices on which sessions are opened. `sessions.binding` decides which devices may open one.

openings alerts about a second device (pure)
service  reads and writes devices in the database
moving   replaces the bound device with an approved one
routes   for staff: make a new link, list devices, approve one
"""
