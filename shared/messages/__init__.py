"""Messages between coordinator and nodes, except alerts: all on NATS but those of `joining`.

Each message is a parcel of `shared.sealing`: a clear, signed header (one class per kind, fixed by its `kind`)
and a body. Bodies about a person are sealed: commands to the node's key, replies to the command's reply key.
A command is obeyed once, within `COMMAND_LIFETIME_S` of its creation, by the node it names.

The coordinator is upgraded before the nodes. So it reads what older nodes send, and bodies of its commands
leave out what is at its default, which an older node might refuse as unknown. A default therefore never
changes: a field with another one gets another name.

message     the base of all messages, and how to parse one
commands    headers of commands and replies; `here` and `succeed` have no body
sessions    bodies of `start`, `change` and `end`
faces       bodies of `enroll` and `verify`: templates, pictures, frames
comparing   bodies of `compare`: templates against templates
desired     the body of `configure`: what a node is to have, and what it says of it
versions    other versions of networks: which look, which are at hand, how far two agree
joining     what a node asks that joins or renews, over HTTP
heartbeats  heartbeats of nodes and high-water marks of the coordinator
states      states of sessions, for the next node
"""
