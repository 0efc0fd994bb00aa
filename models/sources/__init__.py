"""Brings weights from their sources. The result is bytes with the right hash, or an error that says what to
do.

download    HTTP: bounded, resumed, hashed before use; a host found dead is not tried again
registry    NAME==VERSION to an archive, through the configured package index
archives    one member of a zip or tar, without unpacking or running the rest
delivery    one file of a network from the first source that has it, converted and put in place
mirror      the folder of copies, or its address
arrival     the temporary file that becomes the real one in a single step
"""
