"""An exam's policy.

schema          the policy, and reading one from data
terms           its parts: features, gates, the gaze zone, counters, fusion, accommodations
rules           the rule of an event, the defaults, the presets
contradictions  fields that do not go together
refusals        errors with the path of every wrong part
asked           which events and looks a policy asks for
diff            differences between two policies

Imports go up this list only: `asked` and `diff` import `schema`, which imports the others.
"""
