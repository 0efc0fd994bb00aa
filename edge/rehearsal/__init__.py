"""The rehearsal: a scripted webcam-like recording of a whole exam, generated from public-domain faces.

`script` defines what happens when, `faces` cuts the two people out of their portraits, `room` draws
the room, `scene` composes one frame, `speech` makes the sound, `make` writes the files.

The faces are Eileen Collins (NASA portrait, in scikit-image) and Grace Hopper (US Navy portrait, in
matplotlib's sample data), both works of the US government in the public domain and both inside packages
from PyPI, so that a demonstration needs no extra download.
"""
