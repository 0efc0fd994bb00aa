"""One candidate's exam on this node.

session        shell of one candidate: media in, alerts out
session_maker  puts a session together              session_parts  what it is made of
roster         who is watched here                  seat           a page takes its seat
frame_numbers  frames numbered on through reconnects (pure)
"""
