"""How good the analysis is on labelled material: `proctor-edge accuracy FOLDER --out DIR`.

The same command judges this project's own material (`make accuracy` composes it) and a deployment's. The
folder holds whichever of these there is; what is not there is left out of the report:

    people/<name>/*.jpg          pictures of one person each: error rates of the recognisers.
                                 `a~1.jpg` and `a~2.jpg` are shots of one picture and not compared
    honest/<exam>.mkv            recordings in which nothing is staged: false alerts
    scripted/<exam>.mkv          recordings in which something is, with <exam>.json (`truth.Truth`) beside
    honest|scripted/<exam>/*.jpg enrollment pictures of that exam's candidate; without them identity is not
                                 looked at. An honest recording may have a .json too
    counted/counts.csv           `picture,faces`: how many faces each picture beside it shows
    heads/heads.csv              `picture,angle,from_deg,to_deg`: an angle known to lie there: pitch, yaw or
                                 roll of the head, gaze-pitch or gaze-yaw of the eyes
    sounds/*.flac                sounds; with a .rttm beside it who speaks when, without one nobody speaks
    voices/<name>/*.flac         speech of one person each
    groups.csv                   `name,group`: people, voices and exams' people by group

`truth` and `matching` say what counts as found, `statistics` how far a count can be trusted, `halves` tries
an operating point on people it was not chosen on (all pure). `judging` goes through a folder part by part;
`folder` reads the layout, `selection` the networks to judge; `exams`, `identity`, `pictures` and `sounds`
measure; `results` are their values, `report` makes the page of them, `command` is the command.
"""
