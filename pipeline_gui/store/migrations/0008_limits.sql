-- How long a run may last, and why it is stopped where no person asked for it.
ALTER TABLE pipeline_run_engine
    ADD COLUMN timeout_seconds DOUBLE PRECISION CHECK (timeout_seconds > 0),
    ADD COLUMN stop_reason TEXT;
