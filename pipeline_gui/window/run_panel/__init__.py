"""The run that is selected, in sight: what is known of it, its log, and the past of its pipeline."""
