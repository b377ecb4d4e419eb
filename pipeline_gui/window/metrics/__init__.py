"""What the runs of each pipeline come to: a table, and a picture of the days."""
