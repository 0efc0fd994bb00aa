"""Measures the accuracy of the analysis on labelled material: `proctor-edge accuracy FOLDER --out DIR`.

The same command measures this project's own material (`make accuracy` composes it) and a deployment's. The
folder has any of these parts; missing parts are left out of the report:

    people/<name>/*.jpg          pictures of one person each: error rates of the recognisers.
                                 `a~1.jpg` and `a~2.jpg` are shots of one picture, which are not compared
    honest/<exam>.mkv            recordings without staged behaviour: false alerts
    scripted/<exam>.mkv          recordings with staged behaviour, and <exam>.json (`truth.Truth`) beside
    honest|scripted/<exam>/*.jpg enrollment pictures of that exam's candidate; without them identity is not
    checked. An honest recording may have a .json too
    counted/counts.csv           `picture,faces`: the number of faces in each picture beside it
    heads/heads.csv              `picture,angle,from_deg,to_deg`: the range of a known angle: pitch, yaw or
                                 roll of the head, gaze-pitch or gaze-yaw of the eyes
    sounds/*.flac                sounds; a .rttm beside it tells who speaks when, without one nobody speaks
    voices/<name>/*.flac         speech of one person each
    groups.csv                   `name,group`: people, voices and exams' people by group

`truth` and `matching` define what counts as found, `statistics` gives the confidence of a count, `halves`
tests an operating point on people that it was not chosen with. `measuring` goes through a folder part by
part; `folder` reads the layout, `selection` names the networks to test, `selected` opens them; `exams`,
`pairs`, `pictures` and `sounds` measure; `results` has their values, `report` makes the page, `command` is
the command.
"""
