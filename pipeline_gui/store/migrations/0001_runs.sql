-- The record of every run. An existing table is adopted as it is: no column and no row of it changes.
CREATE TABLE IF NOT EXISTS pipeline_runs (
    run_id VARCHAR(255) PRIMARY KEY,
    command TEXT,
    status VARCHAR(50),
    start_time TIMESTAMP,
    end_time TIMESTAMP,
    duration FLOAT,
    error_message TEXT,
    metadata JSONB
);

-- One run at a time, for every client of this database; it also catches "Running " from other programs.
CREATE UNIQUE INDEX IF NOT EXISTS pipeline_runs_one_running
    ON pipeline_runs ((true)) WHERE lower(btrim(status)) = 'running';

-- "Started or ended since": GREATEST ignores nulls, so one index answers both halves of the question.
CREATE INDEX IF NOT EXISTS pipeline_runs_latest ON pipeline_runs (GREATEST(start_time, end_time));
