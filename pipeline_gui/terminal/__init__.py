"""The terminal: what each command of the command line does, in words, colours or JSON."""
