"""The real program in its real processes, as long as one likes: windows, terminals, servers, random kills."""
