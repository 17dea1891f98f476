"""How each kind of movement is decided, a file each."""
