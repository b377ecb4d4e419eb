"""The domain: what a run is and what may happen to it. No Qt, no SQL, no HTTP."""
