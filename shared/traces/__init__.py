"""Traces of alerts in OpenTelemetry's form, off by default: from the picture that raised one to its delivery.

spans      the steps of one revision of an alert, and their ids (pure)
section    where traces are sent, in a daemon's settings
opening    opens them where they are wanted
exporting  sends them, in a thread of its own
"""
