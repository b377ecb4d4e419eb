"""Which runs the table shows and in which order: worked out beside the GUI thread where they are many."""
