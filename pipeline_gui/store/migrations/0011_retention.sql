-- Old runs leave through one function, in small portions that are transactions of their own (docs/adr/0013).
CREATE INDEX pipeline_start_keys_of_run ON pipeline_start_keys (run_id);

-- Removes at most so many runs that were over before a moment, the oldest first, beginning at another; and as many old firings.
-- Never one that runs, nor one of which something may live, nor one of which no time is known. What is locked is left for next time.
CREATE FUNCTION pipeline_gui_forget_runs(before_moment TIMESTAMP, since_moment TIMESTAMP, most INTEGER,
                                         OUT runs INTEGER, OUT firings INTEGER, OUT reached TIMESTAMP)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET pipeline_gui.retention = 'on' SET enable_seqscan = off
    AS $$
DECLARE
    ids TEXT[];
    said JSONB;
BEGIN
    IF before_moment IS NULL OR before_moment > (clock_timestamp() AT TIME ZONE 'UTC') - interval '1 day' THEN
        RAISE EXCEPTION 'runs are kept for a day at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF most IS NULL OR most NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'from 1 to 1000 at a time' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WITH chosen AS MATERIALIZED (
        SELECT run_id::text AS run_id, GREATEST(start_time, end_time) AS moment,
               coalesce(left(metadata #>> '{configuration,name}'::text[], 200), '') AS pipeline
        FROM pipeline_runs AS run
        WHERE GREATEST(start_time, end_time) >= coalesce(since_moment, '4000-01-01 BC'::timestamp)
          AND GREATEST(start_time, end_time) < before_moment
          AND run_id IS NOT NULL AND (lower(btrim(status::text)) = 'running') IS NOT TRUE
          AND NOT EXISTS (SELECT FROM pipeline_run_engine AS engine WHERE engine.run_id = run.run_id::text AND NOT engine.gone)
        ORDER BY GREATEST(start_time, end_time) LIMIT most
        FOR UPDATE OF run SKIP LOCKED
    )
    SELECT array_agg(run_id), max(moment), pg_catalog.jsonb_build_object(
               'removed', count(*), 'oldest', min(moment), 'newest', max(moment),
               'pipelines', (SELECT pg_catalog.jsonb_object_agg(pipeline, many) FROM (
                   SELECT pipeline, count(*) AS many FROM chosen GROUP BY pipeline ORDER BY count(*) DESC LIMIT 20) AS counted))
        INTO ids, reached, said FROM chosen;
    runs := coalesce(cardinality(ids), 0);
    IF runs > 0 THEN
        DELETE FROM pipeline_runs WHERE run_id = ANY (ids);
        -- Its events with it, those of its deletion too: one of all of them stays.
        DELETE FROM pipeline_run_events WHERE run_id = ANY (ids);
        DELETE FROM pipeline_run_figures WHERE run_id = ANY (ids);
        DELETE FROM pipeline_start_keys WHERE run_id = ANY (ids);
        DELETE FROM pipeline_run_engine WHERE run_id = ANY (ids);
        INSERT INTO pipeline_run_events (kind, actor, via, detail)
            VALUES ('runs removed', pipeline_gui_actor(), pipeline_gui_via(), pipeline_gui_detail() || said);
    END IF;
    -- The newest time of a schedule says how far it has come, and stays.
    DELETE FROM pipeline_schedule_firings AS firing USING (
        SELECT old.schedule_id, old.due FROM pipeline_schedules AS schedule, LATERAL (
            SELECT schedule_id, due FROM pipeline_schedule_firings
            WHERE schedule_id = schedule.schedule_id AND due < before_moment AND outcome <> 'waiting'
              AND due < (SELECT max(due) FROM pipeline_schedule_firings WHERE schedule_id = schedule.schedule_id)
            ORDER BY due LIMIT most) AS old
        LIMIT most
    ) AS old WHERE firing.schedule_id = old.schedule_id AND firing.due = old.due;
    GET DIAGNOSTICS firings = ROW_COUNT;
END
$$;

REVOKE EXECUTE ON FUNCTION pipeline_gui_forget_runs(TIMESTAMP, TIMESTAMP, INTEGER) FROM PUBLIC;
