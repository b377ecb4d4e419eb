-- The keys under which programs asked for a start: the same key again means the run that is here, also after a restart.
-- Neither a key nor what was asked for can be read from it: the key is hashed, and it salts the hash of the rest.
CREATE TABLE pipeline_start_keys (
    key_hash TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    run_id TEXT NOT NULL,
    made_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);
