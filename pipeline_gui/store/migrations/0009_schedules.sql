-- When pipelines start by themselves. Times are TIMESTAMP in UTC, as everywhere; the zone says how cron is read.
CREATE TABLE pipeline_schedules (
    schedule_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL CONSTRAINT pipeline_schedules_name UNIQUE,
    revision BIGINT NOT NULL DEFAULT 1,
    configuration TEXT NOT NULL,
    cron TEXT,
    every_minutes INTEGER CHECK (every_minutes BETWEEN 1 AND 525600),
    zone TEXT NOT NULL DEFAULT 'UTC',
    starts_at TIMESTAMP,
    ends_at TIMESTAMP,
    when_busy TEXT NOT NULL DEFAULT 'skip' CHECK (when_busy IN ('skip', 'wait', 'replace')),
    -- A time that was missed is made up for, once, so many seconds later at most; 0: never.
    catch_up_seconds DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (catch_up_seconds BETWEEN 0 AND 31536000),
    is_enabled BOOLEAN NOT NULL DEFAULT true,
    -- What was due until then is no business of this schedule: it was made, resumed or given other times at that moment.
    since TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    made_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    changed_by TEXT NOT NULL DEFAULT '',
    changed_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    CHECK ((cron IS NULL) <> (every_minutes IS NULL))
);

-- What became of each time that was due: one row a time, so that whoever fires, it starts at most once.
CREATE TABLE pipeline_schedule_firings (
    schedule_id BIGINT NOT NULL REFERENCES pipeline_schedules ON DELETE CASCADE,
    due TIMESTAMP NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('started', 'waiting', 'skipped', 'missed', 'refused')),
    run_id TEXT,
    sentence TEXT,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    PRIMARY KEY (schedule_id, due)
);

-- One place in line.
CREATE UNIQUE INDEX pipeline_schedule_firings_one_waiting ON pipeline_schedule_firings (schedule_id) WHERE outcome = 'waiting';

CREATE FUNCTION pipeline_gui_revise_schedule() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
DECLARE
    moment TIMESTAMP := clock_timestamp() AT TIME ZONE 'UTC';
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.revision := 1;
        NEW.made_at := moment;
        NEW.since := moment;
    ELSE
        NEW.schedule_id := OLD.schedule_id;
        NEW.revision := OLD.revision + 1;
        NEW.made_at := OLD.made_at;
        NEW.since := OLD.since;
        IF (NEW.cron, NEW.every_minutes, NEW.zone, NEW.starts_at) IS DISTINCT FROM (OLD.cron, OLD.every_minutes, OLD.zone, OLD.starts_at)
            OR NEW.is_enabled AND NOT OLD.is_enabled THEN
            NEW.since := moment;
        END IF;
    END IF;
    NEW.changed_by := pipeline_gui_actor();
    NEW.changed_at := moment;
    RETURN NEW;
END
$$;

CREATE TRIGGER pipeline_gui_revise BEFORE INSERT OR UPDATE ON pipeline_schedules
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_revise_schedule();

CREATE FUNCTION pipeline_gui_sign_firing() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.outcome <> 'waiting' THEN
        RAISE EXCEPTION 'a firing is decided once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.decided_by := pipeline_gui_actor();
    NEW.decided_at := clock_timestamp() AT TIME ZONE 'UTC';
    RETURN NEW;
END
$$;

CREATE TRIGGER pipeline_gui_sign BEFORE INSERT OR UPDATE ON pipeline_schedule_firings
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_sign_firing();

-- An event for each, in its transaction. SECURITY DEFINER, as the runs' triggers are.
CREATE FUNCTION pipeline_gui_record_firing() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, detail)
        SELECT NEW.run_id, 'schedule ' || NEW.outcome, NEW.decided_by, pipeline_gui_via(), pg_catalog.jsonb_strip_nulls(
            pg_catalog.jsonb_build_object('schedule', schedule.name, 'due', NEW.due, 'sentence', NEW.sentence))
        FROM pipeline_schedules AS schedule WHERE schedule.schedule_id = NEW.schedule_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_record AFTER INSERT OR UPDATE ON pipeline_schedule_firings
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_record_firing();

-- In the transaction of the run's INSERT: this time of this schedule is started, or the transaction is no more.
CREATE FUNCTION pipeline_gui_fire(which BIGINT, seen BIGINT, moment TIMESTAMP, run TEXT) RETURNS VOID
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    PERFORM FROM pipeline_schedules WHERE schedule_id = which AND revision = seen AND is_enabled FOR SHARE;
    IF FOUND THEN
        INSERT INTO pipeline_schedule_firings AS firing (schedule_id, due, outcome, run_id) VALUES (which, moment, 'started', run)
            ON CONFLICT (schedule_id, due) DO UPDATE SET outcome = 'started', run_id = run, sentence = NULL
            WHERE firing.outcome = 'waiting';
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'this time of the schedule was decided already' USING ERRCODE = 'unique_violation', TABLE = 'pipeline_schedule_firings';
END
$$;
