"""The deciding core: pure rules from observations to findings, standard library only.

`monitor.Monitor` is the door: one per session. `hold` debounces, `conditions` judge one observation each,
`identity`, `speech`, `stream`, `failures` and `baseline` keep what a single observation cannot say.
"""
