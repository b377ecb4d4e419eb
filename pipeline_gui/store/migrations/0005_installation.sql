-- Which database this is. The fingerprint tells the original from a copy restored elsewhere.
CREATE TABLE pipeline_installation (
    only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
    installation_id TEXT NOT NULL,
    system_identifier BIGINT NOT NULL,
    database_oid BIGINT NOT NULL,
    made_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);

INSERT INTO pipeline_installation (installation_id, system_identifier, database_oid)
    SELECT left(replace(gen_random_uuid()::text, '-', ''), 12), control.system_identifier, here.oid::bigint
    FROM pg_control_system() AS control, pg_database AS here
    WHERE here.datname = current_database();

-- The lease of the process that watches; it only saves work.
CREATE TABLE pipeline_watcher (
    only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
    holder TEXT,
    actor TEXT,
    expires_at TIMESTAMP
) WITH (fillfactor = 20);

INSERT INTO pipeline_watcher DEFAULT VALUES;
