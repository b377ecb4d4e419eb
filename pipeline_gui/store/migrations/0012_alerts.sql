-- Whom to tell, and of what. A rule names a receiver; what is secret about one is known to the service that delivers, and never here.
CREATE TABLE pipeline_alerts (
    alert_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL CONSTRAINT pipeline_alerts_name UNIQUE,
    revision BIGINT NOT NULL DEFAULT 1,
    condition TEXT NOT NULL
        CHECK (condition IN ('failed', 'ended', 'recovered', 'slow', 'limit', 'missed', 'lost_contact')),
    -- Only of this pipeline; null: of each.
    pipeline TEXT,
    minutes DOUBLE PRECISION CHECK (minutes > 0 AND minutes <= 525600),
    receiver TEXT NOT NULL,
    is_enabled BOOLEAN NOT NULL DEFAULT true,
    made_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    changed_by TEXT NOT NULL DEFAULT '',
    changed_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    CHECK ((minutes IS NOT NULL) = (condition IN ('limit', 'lost_contact')))
);

-- What is to be told: one row a rule and run, written in the transaction of what it tells of. No foreign key: what was to be
-- told is told also when its rule is gone.
CREATE TABLE pipeline_alert_messages (
    message_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id BIGINT NOT NULL,
    alert_name TEXT NOT NULL,
    receiver TEXT NOT NULL,
    condition TEXT NOT NULL,
    -- What it is about, once for each rule.
    subject TEXT NOT NULL,
    run_id TEXT,
    facts JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(facts) = 'object'),
    made_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'undelivered')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    -- The first message of those that are sent as one; it stays, so that a second attempt sends the same.
    bundle BIGINT,
    claim TEXT,
    claimed_until TIMESTAMP,
    -- The receiver's last answer, or why there was none.
    answer TEXT,
    ended_at TIMESTAMP,
    CONSTRAINT pipeline_alert_messages_once UNIQUE (alert_id, subject)
);

CREATE INDEX pipeline_alert_messages_waiting ON pipeline_alert_messages (receiver, message_id) WHERE state = 'waiting';
CREATE INDEX pipeline_alert_messages_bundle ON pipeline_alert_messages (bundle) WHERE state = 'waiting';
CREATE INDEX pipeline_alert_messages_of_alert ON pipeline_alert_messages (alert_id, message_id);

-- The services that deliver, and the names of the receivers that each of them knows.
CREATE TABLE pipeline_alert_services (
    service_id TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    receivers JSONB NOT NULL DEFAULT '[]',
    -- Why its receivers can't be used, in a sentence.
    trouble TEXT,
    seen_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);

CREATE FUNCTION pipeline_gui_revise_alert() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.revision := 1;
        NEW.made_at := clock_timestamp() AT TIME ZONE 'UTC';
    ELSE
        NEW.alert_id := OLD.alert_id;
        NEW.revision := OLD.revision + 1;
        NEW.made_at := OLD.made_at;
    END IF;
    NEW.changed_by := pipeline_gui_actor();
    NEW.changed_at := clock_timestamp() AT TIME ZONE 'UTC';
    RETURN NEW;
END
$$;

CREATE TRIGGER pipeline_gui_revise BEFORE INSERT OR UPDATE ON pipeline_alerts
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_revise_alert();

CREATE FUNCTION pipeline_gui_keep_alert_message() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    IF OLD.state <> 'waiting' THEN
        RAISE EXCEPTION 'a message that was sent or given up stays so' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> 'waiting' THEN
        NEW.ended_at := clock_timestamp() AT TIME ZONE 'UTC';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER pipeline_gui_keep BEFORE UPDATE ON pipeline_alert_messages
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_keep_alert_message();

-- The name by which people know a run's pipeline.
CREATE FUNCTION pipeline_gui_pipeline_of(metadata JSONB, run TEXT) RETURNS TEXT
    LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
    AS $$ SELECT coalesce(nullif(metadata #>> '{configuration,name}'::text[], ''::text), run) $$;

-- What a message says of a run, as it was then: the row may change or go before it is sent.
CREATE FUNCTION pipeline_gui_run_facts(
    run TEXT, status TEXT, start_time TIMESTAMP, end_time TIMESTAMP, duration FLOAT8, error_message TEXT, metadata JSONB
) RETURNS JSONB
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    AS $$
    SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'pipeline', left(pipeline_gui_pipeline_of(metadata, run), 300),
        'status', lower(btrim(status)),
        'start_time', CASE WHEN isfinite(start_time) THEN start_time END,
        'end_time', CASE WHEN isfinite(end_time) THEN end_time END,
        'duration', CASE WHEN duration BETWEEN 0 AND 1e12 THEN duration END,
        -- Its end as well: that is where an error says what it is.
        'error_message', CASE WHEN length(error_message) <= 4000 THEN error_message
            ELSE left(error_message, 1000) || E'\n…\n'::text || right(error_message, 2900) END,
        'started_by', left(metadata ->> 'started_by'::text, 200),
        'started_from', left(metadata ->> 'started_from'::text, 200),
        'stopped_by', left(metadata ->> 'stopped_by'::text, 200),
        'schedule', left(metadata ->> 'schedule'::text, 300)))
    $$;

-- Whether the run of the pipeline that ended before failed: backwards along the index, and not beyond 20,000 runs.
CREATE FUNCTION pipeline_gui_failed_before(run TEXT, pipeline TEXT) RETURNS BOOLEAN
    LANGUAGE sql STABLE SET search_path FROM CURRENT SET enable_seqscan = off
    AS $$
    SELECT coalesce((
        SELECT lower(btrim(newest.status::text)) = 'failed'::text FROM (
            SELECT run_id, status, metadata FROM pipeline_runs
            WHERE GREATEST(start_time, end_time) >= (statement_timestamp() AT TIME ZONE 'UTC') - interval '90 days'
            ORDER BY GREATEST(start_time, end_time) DESC LIMIT 20000
        ) AS newest
        WHERE newest.run_id::text <> run AND lower(btrim(newest.status::text)) IN ('completed'::text, 'failed'::text)
          AND pipeline_gui_pipeline_of(newest.metadata, newest.run_id::text) = pipeline
        LIMIT 1), false)
    $$;

-- The triggers that write messages are SECURITY DEFINER: other programs' roles have no right on our table, and need none.
CREATE FUNCTION pipeline_gui_alert_of_end() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pipeline_alerts WHERE is_enabled AND condition IN ('failed', 'ended', 'recovered')) THEN
        RETURN NULL;
    END IF;
    INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, run_id, facts)
        SELECT alert.alert_id, alert.name, alert.receiver, alert.condition, 'run '::text || ended.run_id, ended.run_id, ended.facts
        FROM (
            SELECT new_rows.run_id::text AS run_id, lower(btrim(new_rows.status::text)) AS status,
                   pipeline_gui_pipeline_of(new_rows.metadata, new_rows.run_id::text) AS pipeline,
                   pipeline_gui_run_facts(
                       new_rows.run_id::text, new_rows.status::text, new_rows.start_time, new_rows.end_time,
                       new_rows.duration, new_rows.error_message, new_rows.metadata) AS facts
            FROM old_rows JOIN new_rows ON new_rows.run_id::text = old_rows.run_id::text
            WHERE lower(btrim(old_rows.status::text)) = 'running'::text
              AND lower(btrim(new_rows.status::text)) IS DISTINCT FROM 'running'::text
        ) AS ended
        JOIN pipeline_alerts AS alert
          ON alert.is_enabled AND (alert.pipeline IS NULL OR lower(alert.pipeline) = lower(ended.pipeline))
         AND CASE alert.condition
                 WHEN 'ended' THEN true
                 WHEN 'failed' THEN ended.status = 'failed'::text
                 WHEN 'recovered' THEN
                     ended.status = 'completed'::text AND pipeline_gui_failed_before(ended.run_id, ended.pipeline)
                 ELSE false END
        ORDER BY alert.name_key
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_alert_of_end AFTER UPDATE ON pipeline_runs
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_alert_of_end();

-- Times that started nothing and should have. However many there are, a rule tells of a schedule once an hour.
CREATE FUNCTION pipeline_gui_alert_of_missed() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, facts)
        SELECT alert.alert_id, alert.name, alert.receiver, alert.condition,
               'schedule '::text || schedule.schedule_id::text || ' '::text || lost.last_due::text,
               pg_catalog.jsonb_build_object(
                   'schedule_id', schedule.schedule_id, 'schedule', left(schedule.name, 300),
                   'pipeline', left(schedule.configuration, 300), 'times', lost.times, 'due', lost.last_due,
                   'outcome', last_one.outcome, 'sentence', left(last_one.sentence, 2000))
        FROM (
            SELECT schedule_id, count(*) AS times, max(due) AS last_due FROM new_rows
            WHERE outcome IN ('missed', 'refused') GROUP BY schedule_id
        ) AS lost
        JOIN new_rows AS last_one ON last_one.schedule_id = lost.schedule_id AND last_one.due = lost.last_due
        JOIN pipeline_schedules AS schedule ON schedule.schedule_id = lost.schedule_id
        JOIN pipeline_alerts AS alert ON alert.is_enabled AND alert.condition = 'missed'
         AND (alert.pipeline IS NULL OR lower(alert.pipeline) = lower(schedule.configuration))
        WHERE NOT EXISTS (
            SELECT FROM pipeline_alert_messages AS told
            WHERE told.alert_id = alert.alert_id AND told.facts ->> 'schedule_id'::text = schedule.schedule_id::text
              AND told.made_at > (clock_timestamp() AT TIME ZONE 'UTC') - interval '1 hour')
        ORDER BY schedule.name_key, alert.name_key
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_alert_of_missed_new AFTER INSERT ON pipeline_schedule_firings
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_alert_of_missed();
CREATE TRIGGER pipeline_gui_alert_of_missed AFTER UPDATE ON pipeline_schedule_firings
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_alert_of_missed();
