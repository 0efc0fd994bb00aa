"""An exam's policy.

    schema          the policy, and reading one from data
    terms           its parts: features, gates, the gaze zone, counters, fusion, what one candidate is granted
    rules           the rule of an event, the defaults, the presets
    contradictions  what single fields allow and the whole does not
    refusals        saying what is wrong, every wrong part by its path
    asked           which events and looks a policy asks for
    diff            what changes from one policy to another

Imports go up this list only: `asked` and `diff` know `schema`, which knows the others.
"""
