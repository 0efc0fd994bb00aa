"""Commands that need no server: on recordings, policies and networks.

analyze       analyses a recording like a live session   offline  its loop
results       writes its files
replay        judges recorded observations under other policies
policy_files  reads policies from files
devices       shows what each network runs on
reference     makes the pages under docs/ from the tables   policy_reference  the one about policies
"""
