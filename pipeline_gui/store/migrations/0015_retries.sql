-- A run that a schedule started and that failed is started again: how often at most, and how long after its end.
ALTER TABLE pipeline_schedules
    ADD COLUMN retries INTEGER NOT NULL DEFAULT 0 CHECK (retries BETWEEN 0 AND 100),
    ADD COLUMN retry_delay_seconds DOUBLE PRECISION NOT NULL DEFAULT 60 CHECK (retry_delay_seconds BETWEEN 0 AND 86400);

-- A person let go of the run: nothing may start it again by itself.
ALTER TABLE pipeline_run_engine ADD COLUMN abandoned BOOLEAN NOT NULL DEFAULT false;

-- Each start of a time has its row: the first one, and one for each time that it is started again.
ALTER TABLE pipeline_schedule_firings
    ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    -- The run before, whose failure this is the answer to.
    ADD COLUMN retry_of TEXT,
    -- Whether the end of its run is still to be answered. Whoever answers sets it to false in the same transaction.
    ADD COLUMN awaits_end BOOLEAN NOT NULL DEFAULT false,
    DROP CONSTRAINT pipeline_schedule_firings_pkey,
    ADD PRIMARY KEY (schedule_id, due, attempt),
    DROP CONSTRAINT pipeline_schedule_firings_outcome_check,
    ADD CONSTRAINT pipeline_schedule_firings_outcome_check
        CHECK (outcome IN ('started', 'waiting', 'skipped', 'missed', 'refused', 'gave_up')),
    ADD CHECK ((attempt = 1) = (retry_of IS NULL));

CREATE INDEX pipeline_schedule_firings_awaiting ON pipeline_schedule_firings (schedule_id) WHERE awaits_end;

CREATE OR REPLACE FUNCTION pipeline_gui_sign_firing() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.outcome <> 'waiting' THEN
        IF to_jsonb(NEW) - 'awaits_end' = to_jsonb(OLD) - 'awaits_end' AND OLD.awaits_end THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a firing is decided once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.decided_by := pipeline_gui_actor();
    NEW.decided_at := clock_timestamp() AT TIME ZONE 'UTC';
    RETURN NEW;
END
$$;

-- Under the run that it started, else under the one that it is about; a run that is started again says so, too.
CREATE OR REPLACE FUNCTION pipeline_gui_record_firing() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
DECLARE
    kind TEXT := CASE WHEN NEW.outcome = 'gave_up' THEN 'schedule gave up' WHEN NEW.attempt > 1 THEN 'retry ' || NEW.outcome
                      ELSE 'schedule ' || NEW.outcome END;
    about JSONB := (
        SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
            'schedule', schedule.name, 'due', NEW.due, 'sentence', NEW.sentence,
            'attempt', CASE WHEN NEW.attempt > 1 THEN NEW.attempt END, 'retry_of', NEW.retry_of))
        FROM pipeline_schedules AS schedule WHERE schedule.schedule_id = NEW.schedule_id);
BEGIN
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, detail)
        VALUES (coalesce(NEW.run_id, NEW.retry_of), kind, NEW.decided_by, pipeline_gui_via(), about);
    IF NEW.attempt > 1 AND NEW.outcome = 'started' THEN
        INSERT INTO pipeline_run_events (run_id, kind, actor, via, detail)
            VALUES (NEW.retry_of, 'started again', NEW.decided_by, pipeline_gui_via(),
                    about || pg_catalog.jsonb_build_object('as', NEW.run_id));
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER pipeline_gui_record ON pipeline_schedule_firings;
CREATE TRIGGER pipeline_gui_record AFTER INSERT OR UPDATE OF outcome ON pipeline_schedule_firings
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_record_firing();

DROP FUNCTION pipeline_gui_fire(BIGINT, BIGINT, TIMESTAMP, TEXT);

-- In the transaction of the run's INSERT: this start of this time is made now, or the transaction is no more. A second
-- one is a compare-and-set on the run before, whose end nobody has answered yet.
CREATE FUNCTION pipeline_gui_fire(which BIGINT, seen BIGINT, moment TIMESTAMP, run TEXT, number INTEGER, earlier TEXT) RETURNS VOID
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
DECLARE
    is_retried BOOLEAN;
BEGIN
    SELECT retries > 0 INTO is_retried FROM pipeline_schedules
        WHERE schedule_id = which AND revision = seen AND is_enabled FOR SHARE;
    IF FOUND AND number > 1 THEN
        UPDATE pipeline_schedule_firings SET awaits_end = false
            WHERE schedule_id = which AND due = moment AND attempt = number - 1 AND run_id = earlier AND awaits_end;
    END IF;
    IF FOUND THEN
        INSERT INTO pipeline_schedule_firings AS firing (schedule_id, due, attempt, outcome, run_id, retry_of, awaits_end)
            VALUES (which, moment, number, 'started', run, earlier, is_retried)
            ON CONFLICT (schedule_id, due, attempt)
            DO UPDATE SET outcome = 'started', run_id = run, sentence = NULL, awaits_end = is_retried
            WHERE firing.outcome = 'waiting';
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'this time of the schedule was decided already' USING ERRCODE = 'unique_violation', TABLE = 'pipeline_schedule_firings';
END
$$;
