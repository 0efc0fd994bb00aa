"""The decisions: pure rules from observations to findings, standard library only.

    monitor     the entry, one per session       settings   all numbers that the rules compare with
    findings    the rules' results               conditions judge one observation for each condition
    seeing      judges frames                    hearing    judges windows of sound
    episodes    turns judgements into findings   episode    one event     hold  its debounce
    watched     time in which nobody looked      unwatched_time  that time, by cause
    bounded     limits alerts per minute
    objects     people and objects in one frame  sounds     sounds in one window
    company     people and pictures of people    resting    faces at rest
    mirrored    a face's mirror image            boxes      geometry of faces

Rules over several observations are `calibration`, `identity`, `liveness`, `gaze`, `head`, `speech` with
`muttering`, `stream`, `frame_rate`, `failures`, `unjudged`, `frozen`, `hands`, `fusion` and `recent_looks`
(the last seconds of one number).

A rule is made of its settings and its state, a slotted dataclass in the same module. `monitor.MonitorState`
has all states; `shared.saving` saves and restores them. A rule has no other state.
"""
