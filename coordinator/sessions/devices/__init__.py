"""The devices on which sessions are opened; `sessions.binding` decides which may.

openings what is said of a second device (pure)
service  devices in the database
moving   lets another device take the place of the bound one
routes   for staff: another link, the devices, an approval
"""
