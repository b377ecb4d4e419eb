-- oldest reader: 15
-- The processes that are always on and watch (“pipeline-gui serve”): while one is there, what is due starts, whoever closes
-- a window. Each says now and then that it is there; what it says is worth nothing after a crash, so it is not made durable.
CREATE TABLE pipeline_services (
    service_id TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    host TEXT NOT NULL,
    since TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    seen_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
) WITH (fillfactor = 20);
