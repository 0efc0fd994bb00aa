"""Commands that work on files, without a server.

analyze       analyses a recording like a live session   offline  its loop
results       the files it writes
replay        recorded observations under another policy
policy_files  policies read from files
reference     the pages under docs/ made from the tables
"""
