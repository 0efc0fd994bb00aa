"""An exam's policy, version by version: who changed what, and why."""
