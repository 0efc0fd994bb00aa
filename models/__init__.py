"""Neural networks as functions: an array goes in, a frozen value comes out. Knows no session and no clock.

Weights
    manifest.toml   every network: task, licence, hashes, sources, input; best first within a task
    manifest        reads it
    tasks           what networks are for, in plain words (pure)
    cards           what people may read about each network, as docs/models.md and for the public page
    store           the weights folder: which networks are present, which one serves a task, and why
    kept            which versions stay there (pure); `holding`: locks them, and removes the others
    fetch           brings weights there from `sources`: mirror, package registry, public address
    converters      rewrites weights of other programs' formats as ONNX
Running
    runtime         opens and runs a network, and opens it anew when its device fails
    onnx_session, openvino_request, litert, mediapipe_tasks        the runtimes, over what `backend` says
    compiled        files in which OpenVINO's compiled networks are kept beside their weights
    chain           which runtimes a network is tried on (pure)
    remedy          how often it is opened again, and when the next runtime serves (pure)
    trial           tries an opened network: finite, right and in time
    references      the stored answers it must give; `referring` writes them
    distributions   refuses Python packages that overwrite each other
    opening         opens a network of the store as the manifest says
    canary          opens networks and reports, as a program of its own (`proctorctl models verify`)
    served          what can be looked for with the networks at hand
    serving         gives perception the best network at hand for each task
Seeing
    results         the frozen values
    images          crops, warps, overlaps; `picture`: light and change of a frame
    yunet, scrfd, retinaface, blazeface, grid, confirmed   faces
    mesh                                          468 points of a face, and how open the eyes are
    mesh_pose, fsanet, adas_head, rotation_pose   where a head points
    upright                                       shows a head upright to three of them
    adas_gaze, binned_gaze, iris (eyes)           where the eyes look, and whether they are visible
    recognition, similarity                       compares faces, on one scale for all recognisers
    recognisers                                   builds them from the manifest
    calibrate, calibration, people, dimming, blurring   make that scale from pictures of people
    gating                                        what the gates refuse, by light, size and group
    liveness                                      whether a face is real or a picture of one
    body, movenet                                 33 points of an upper body, or 17 of them
    figure                                        what is measured on those points (pure)
    objects                                       people, phones, books, laptops
    quality, sharpness                            whether a picture is good enough, and how to improve it
Hearing
    voice, voicing                                whether someone speaks
    speaker, wespeaker (by fbank), speakers       who speaks, and how many speakers there are
    keywords, whisper                             whether given phrases are spoken; a transcript
    sounds                                        typing, telephones, doors, whispering

Weights are fetched by a person or by provisioning, never by a running daemon.
"""
