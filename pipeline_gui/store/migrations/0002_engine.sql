-- What machines decide from. No foreign key: when another program deletes a run, its batch must still be found and ended.
CREATE TABLE pipeline_run_engine (
    run_id TEXT PRIMARY KEY,
    batch_name TEXT NOT NULL,
    rev BIGINT NOT NULL DEFAULT 1,
    phase TEXT NOT NULL,
    spark_url TEXT NOT NULL,
    generation TEXT,
    batch_id BIGINT,
    application_id TEXT,
    grace_seconds DOUBLE PRECISION NOT NULL,
    stop_requested_at TIMESTAMP,
    stop_requested_by TEXT,
    unclear BOOLEAN NOT NULL DEFAULT false,
    contact_lost_at TIMESTAMP,
    gone BOOLEAN NOT NULL DEFAULT false,
    exit_code INTEGER,
    progress JSONB
);

CREATE INDEX pipeline_run_engine_not_gone ON pipeline_run_engine (run_id) WHERE NOT gone;
