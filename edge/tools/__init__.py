"""Commands that work on files, without any server.

analyze       a recording through the same pipeline     offline  its loop
results       what it writes down
replay        recorded observations under another policy
policy_files  policies read from files
reference     the pages under docs/ that are made from the tables
"""
