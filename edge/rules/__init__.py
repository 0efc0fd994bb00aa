"""The deciding core: pure rules from observations to findings, standard library only.

`monitor.Monitor` is the door: one per session. `seeing` and `hearing` judge what a frame and a window of
sound say, `episodes` turn judgements into findings (`episode`, `hold` debounce). `conditions`, `objects`
and `sounds` judge one observation each; `calibration`, `identity`, `liveness`, `gaze`, `head`, `speech`,
`stream`, `frame_rate`, `failures`, `frozen`, `hands` and `fusion` keep what a single observation cannot say.

A rule is made of its settings and its state, a slotted dataclass beside it. `monitor.MonitorState` holds them
all, is saved and restored by `shared.saving`, and nothing else in a rule ever changes.
"""
