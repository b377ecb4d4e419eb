-- What the runs of each UTC day came to, by pipeline: a summary that is made from the runs and can be made again. A run that
-- ended belongs to the day of its end. Whoever changes runs only notes the day, in a row of its own, so that nobody waits for
-- anybody; pipeline_gui_count_days counts such days anew (docs/adr/0012).
CREATE TABLE pipeline_run_days (
    day DATE NOT NULL,
    pipeline TEXT NOT NULL,
    completed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    -- Durations of completed runs: steps of 8 % (a step's number is floor(ln(seconds) / ln(1.08))), how many are in each, their sum.
    steps INTEGER[] NOT NULL,
    counts INTEGER[] NOT NULL,
    seconds DOUBLE PRECISION[] NOT NULL,
    longest DOUBLE PRECISION,
    longest_run TEXT,
    last_success TIMESTAMP,
    starters TEXT[] NOT NULL,
    starts INTEGER[] NOT NULL,
    PRIMARY KEY (day, pipeline)
);

-- Days to be counted anew. No key: two writers of one day would wait for each other.
CREATE TABLE pipeline_run_days_changed (day DATE NOT NULL);
CREATE INDEX pipeline_run_days_changed_day ON pipeline_run_days_changed (day);

-- So far back figures reach: 90 days, and the 90 before them to compare with.
CREATE FUNCTION pipeline_gui_first_day() RETURNS DATE
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    AS $$ SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date - 180 $$;

-- The day that a run counts for; null for one that has not ended, or of which no day is known. Without a search_path of its own
-- it is put in where it is called: a million rows of another program must not be a million calls.
CREATE FUNCTION pipeline_gui_day_of(status TEXT, start_time TIMESTAMP, end_time TIMESTAMP) RETURNS DATE
    LANGUAGE sql IMMUTABLE
    AS $$
        SELECT CASE WHEN pg_catalog.lower(pg_catalog.btrim(status)) IN ('completed', 'failed', 'stopped')
                     AND pg_catalog.isfinite(GREATEST(start_time, end_time)) THEN GREATEST(start_time, end_time)::date END
    $$;

-- SECURITY DEFINER and on whole statements, as the events' triggers are. The progress of a run that runs notes nothing.
CREATE FUNCTION pipeline_gui_note_new_days() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_days_changed (day)
        SELECT DISTINCT day FROM (SELECT pipeline_gui_day_of(status::text, start_time, end_time) AS day FROM new_rows) AS days
        WHERE day >= pipeline_gui_first_day();
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_note_changed_days() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    WITH before AS (
        SELECT run_id::text AS run_id, pipeline_gui_day_of(status::text, start_time, end_time) AS day, status::text AS status,
               start_time, end_time, duration, metadata #>> '{configuration,name}'::text[] AS pipeline,
               metadata ->> 'started_by'::text AS starter
        FROM old_rows WHERE pipeline_gui_day_of(status::text, start_time, end_time) IS NOT NULL
    ), now AS (
        SELECT run_id::text AS run_id, pipeline_gui_day_of(status::text, start_time, end_time) AS day, status::text AS status,
               start_time, end_time, duration, metadata #>> '{configuration,name}'::text[] AS pipeline,
               metadata ->> 'started_by'::text AS starter
        FROM new_rows WHERE pipeline_gui_day_of(status::text, start_time, end_time) IS NOT NULL
    )
    INSERT INTO pipeline_run_days_changed (day)
        SELECT DISTINCT day FROM (
            (SELECT * FROM before EXCEPT SELECT * FROM now) UNION ALL (SELECT * FROM now EXCEPT SELECT * FROM before)
        ) AS different
        WHERE day >= pipeline_gui_first_day();
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_note_old_days() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_days_changed (day)
        SELECT DISTINCT day FROM (SELECT pipeline_gui_day_of(status::text, start_time, end_time) AS day FROM old_rows) AS days
        WHERE day >= pipeline_gui_first_day();
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_note_all_days() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_days_changed (day) SELECT DISTINCT day FROM pipeline_run_days;
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_days_insert AFTER INSERT ON pipeline_runs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_note_new_days();
CREATE TRIGGER pipeline_gui_days_update AFTER UPDATE ON pipeline_runs
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_note_changed_days();
CREATE TRIGGER pipeline_gui_days_delete AFTER DELETE ON pipeline_runs
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_note_old_days();
CREATE TRIGGER pipeline_gui_days_truncate AFTER TRUNCATE ON pipeline_runs
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_note_all_days();

-- Counts one day and takes back what was noted of it, in one statement and so in one view of the record: what another
-- transaction changes and notes meanwhile is not seen by either half, and stays noted.
CREATE FUNCTION pipeline_gui_count_day(which DATE) RETURNS VOID
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off SET jit = off
    AS $$
    WITH noted AS (
        DELETE FROM pipeline_run_days_changed WHERE day = which
    ), runs AS MATERIALIZED (
        SELECT coalesce(left(nullif(btrim(metadata #>> '{configuration,name}'::text[]), ''), 200), '') AS pipeline,
               lower(btrim(status::text)) AS status, run_id::text AS run_id, end_time,
               CASE WHEN duration >= 0 AND duration < 1e10 THEN duration
                    WHEN end_time >= start_time AND isfinite(start_time) AND isfinite(end_time)
                        THEN extract(epoch FROM end_time - start_time)::float8 END AS took,
               coalesce(left(nullif(btrim(metadata ->> 'started_by'::text), ''), 200), '') AS starter
        FROM pipeline_runs
        WHERE GREATEST(start_time, end_time) >= which::timestamp AND GREATEST(start_time, end_time) < (which + 1)::timestamp
          AND pipeline_gui_day_of(status::text, start_time, end_time) IS NOT NULL AND which >= pipeline_gui_first_day()
    ), totals AS (
        SELECT pipeline, count(*) FILTER (WHERE status = 'completed')::integer AS completed,
               count(*) FILTER (WHERE status = 'failed')::integer AS failed,
               count(*) FILTER (WHERE status = 'stopped')::integer AS stopped,
               max(took) AS longest, (array_agg(run_id ORDER BY took DESC, run_id) FILTER (WHERE took IS NOT NULL))[1] AS longest_run,
               max(end_time) FILTER (WHERE status = 'completed' AND isfinite(end_time)) AS last_success
        FROM runs GROUP BY pipeline
    ), lengths AS (
        SELECT pipeline, array_agg(step ORDER BY step) AS steps, array_agg(many ORDER BY step) AS counts, array_agg(took ORDER BY step) AS seconds
        FROM (SELECT pipeline, floor(ln(GREATEST(took, 0.001::float8)) / ln(1.08::float8))::integer AS step,
                     count(*)::integer AS many, sum(took) AS took
              FROM runs WHERE status = 'completed' AND took IS NOT NULL GROUP BY 1, 2) AS stepped
        GROUP BY pipeline
    ), people AS (
        SELECT pipeline, array_agg(starter ORDER BY many DESC, starter) AS starters, array_agg(many ORDER BY many DESC, starter) AS starts
        FROM (SELECT pipeline, starter, count(*)::integer AS many,
                     row_number() OVER (PARTITION BY pipeline ORDER BY count(*) DESC, starter) AS place
              FROM runs GROUP BY pipeline, starter) AS counted
        WHERE place <= 50 GROUP BY pipeline
    ), emptied AS (
        DELETE FROM pipeline_run_days AS old WHERE old.day = which AND NOT EXISTS (SELECT FROM totals WHERE totals.pipeline = old.pipeline)
    )
    INSERT INTO pipeline_run_days
        SELECT which, pipeline, completed, failed, stopped, coalesce(steps, '{}'::integer[]), coalesce(counts, '{}'::integer[]),
               coalesce(seconds, '{}'::float8[]), longest, longest_run, last_success, starters, starts
        FROM totals LEFT JOIN lengths USING (pipeline) JOIN people USING (pipeline)
        ON CONFLICT (day, pipeline) DO UPDATE SET
            completed = EXCLUDED.completed, failed = EXCLUDED.failed, stopped = EXCLUDED.stopped, steps = EXCLUDED.steps,
            counts = EXCLUDED.counts, seconds = EXCLUDED.seconds, longest = EXCLUDED.longest, longest_run = EXCLUDED.longest_run,
            last_success = EXCLUDED.last_success, starters = EXCLUDED.starters, starts = EXCLUDED.starts
    $$;

-- Counts what was noted, the newest days first, for so many seconds at most; says how many days are still to be counted.
-- One at a time (of two, the one with the older view could write last); who comes second leaves it to the first.
CREATE FUNCTION pipeline_gui_count_days(most_seconds DOUBLE PRECISION) RETURNS INTEGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off
    AS $$
DECLARE
    until TIMESTAMPTZ := clock_timestamp() + pg_catalog.make_interval(secs => LEAST(most_seconds, 10::float8));
    which DATE;
    has_begun BOOLEAN := false;
BEGIN
    WHILE EXISTS (SELECT FROM pipeline_run_days_changed) AND clock_timestamp() < until LOOP
        IF NOT has_begun AND NOT pg_try_advisory_xact_lock(7308339893474976121::bigint) THEN
            EXIT;
        END IF;
        IF NOT has_begun THEN
            DELETE FROM pipeline_run_days WHERE day < pipeline_gui_first_day();
        END IF;
        has_begun := true;
        SELECT max(day) INTO which FROM pipeline_run_days_changed;
        EXIT WHEN which IS NULL;
        PERFORM pipeline_gui_count_day(which);
    END LOOP;
    RETURN (SELECT count(DISTINCT day)::integer FROM pipeline_run_days_changed);
END
$$;

-- Whoever may look may count: it only brings the summary up to what the record says.
REVOKE EXECUTE ON FUNCTION pipeline_gui_count_day(DATE), pipeline_gui_count_days(DOUBLE PRECISION) FROM PUBLIC;

-- What is in the record already: only the days are noted here, since they are counted when somebody first looks. Each is looked
-- for by the index: statistics may be missing, and the table may hold millions of rows.
SET LOCAL enable_seqscan = off;
INSERT INTO pipeline_run_days_changed (day)
    SELECT day FROM (SELECT pipeline_gui_first_day() + number AS day FROM generate_series(0, 182) AS number) AS days
    WHERE EXISTS (SELECT FROM pipeline_runs WHERE GREATEST(start_time, end_time) >= day::timestamp
                  AND GREATEST(start_time, end_time) < (day + 1)::timestamp);
SET LOCAL enable_seqscan TO DEFAULT;

-- What Spark said of each run's work, while it ran: it is gone with the driver.
CREATE TABLE pipeline_run_figures (
    run_id TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    began_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    asked_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    figures JSONB NOT NULL CHECK (jsonb_typeof(figures) = 'object')
);

CREATE INDEX pipeline_run_figures_of_pipeline ON pipeline_run_figures (pipeline, began_at);
