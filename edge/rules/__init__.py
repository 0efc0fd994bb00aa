"""The deciding core: pure rules from observations to findings, standard library only.

    monitor     the door, one per session        settings   all numbers the rules compare with
    findings    what the rules say               conditions what one observation says of each condition
    seeing      what a frame shows               hearing    what a window of sound says
    episodes    judgements into findings         episode    one event     hold  its debounce
    objects     people and things in one frame   sounds     sounds in one window

What a single observation cannot say is kept by `calibration`, `identity`, `liveness`, `gaze`, `head`,
`speech`, `stream`, `frame_rate`, `failures`, `frozen`, `hands`, `fusion` and `looks` (the last seconds of
one number).

A rule is made of its settings and its state, a slotted dataclass beside it. `monitor.MonitorState` holds them
all, is saved and restored by `shared.saving`, and nothing else in a rule ever changes.
"""
