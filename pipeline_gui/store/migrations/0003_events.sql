-- Who did what to which run, when. Written by triggers, so in the transaction of the change, whoever made it.
CREATE TABLE pipeline_run_events (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id TEXT,
    at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    kind TEXT NOT NULL,
    actor TEXT,
    via TEXT,
    database_user TEXT NOT NULL DEFAULT session_user,
    old_status TEXT,
    new_status TEXT,
    detail JSONB NOT NULL DEFAULT '{}'
);

CREATE INDEX pipeline_run_events_of_run ON pipeline_run_events (run_id, event_id);

-- A setting that our programs make for their transaction; null for every other program.
CREATE FUNCTION pipeline_gui_said(what TEXT) RETURNS TEXT
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    AS $$ SELECT nullif(current_setting('pipeline_gui.' || what, true), '') $$;

CREATE FUNCTION pipeline_gui_actor() RETURNS TEXT
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    AS $$ SELECT coalesce(pipeline_gui_said('actor'), session_user::text || '@' || coalesce(host(inet_client_addr()), 'local')) $$;

CREATE FUNCTION pipeline_gui_via() RETURNS TEXT
    LANGUAGE sql STABLE SET search_path FROM CURRENT
    AS $$ SELECT coalesce(pipeline_gui_said('via'), nullif(current_setting('application_name', true), '')) $$;

-- Never an error: a program that sets nonsense must still be able to write its row.
CREATE FUNCTION pipeline_gui_detail() RETURNS JSONB
    LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
    AS $$
DECLARE
    said TEXT := pipeline_gui_said('detail');
BEGIN
    IF said IS NULL THEN
        RETURN '{}'::jsonb;
    END IF;
    RETURN said::jsonb;
EXCEPTION WHEN data_exception THEN
    RETURN pg_catalog.jsonb_build_object('text', left(said, 1000));
END
$$;

-- The next four are SECURITY DEFINER: other programs' roles have no right on our table, and need none.
-- They work on whole statements: a program that deletes a million old rows must not pay a call for each.
-- Casts and pg_catalog: where anyone may create functions in the schema (PostgreSQL 14's public), none of those may match
-- better than the built-in one and run with the owner's rights.
CREATE FUNCTION pipeline_gui_record_insert() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, new_status, detail)
        SELECT run_id, 'recorded', pipeline_gui_actor(), pipeline_gui_via(), status, pipeline_gui_detail() FROM new_rows;
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_record_update() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    -- A changed run_id is a run that went and another that came.
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, old_status, new_status, detail)
        SELECT coalesce(new_rows.run_id, old_rows.run_id),
               CASE WHEN old_rows.run_id IS NULL THEN 'recorded'
                    WHEN new_rows.run_id IS NULL THEN 'deleted'
                    ELSE 'status changed' END,
               pipeline_gui_actor(), pipeline_gui_via(), old_rows.status, new_rows.status, pipeline_gui_detail()
        FROM old_rows FULL JOIN new_rows ON old_rows.run_id::text = new_rows.run_id::text
        WHERE old_rows.status::text IS DISTINCT FROM new_rows.status::text OR old_rows.run_id IS NULL OR new_rows.run_id IS NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_record_delete() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_events (run_id, kind, actor, via, old_status, detail)
        SELECT run_id, 'deleted', pipeline_gui_actor(), pipeline_gui_via(), status, pipeline_gui_detail() FROM old_rows;
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_record_truncate() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_run_events (kind, actor, via, detail)
        VALUES ('all deleted', pipeline_gui_actor(), pipeline_gui_via(), pipeline_gui_detail());
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_events_insert AFTER INSERT ON pipeline_runs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_record_insert();
CREATE TRIGGER pipeline_gui_events_update AFTER UPDATE ON pipeline_runs
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_record_update();
CREATE TRIGGER pipeline_gui_events_delete AFTER DELETE ON pipeline_runs
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_record_delete();
CREATE TRIGGER pipeline_gui_events_truncate AFTER TRUNCATE ON pipeline_runs
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_record_truncate();

-- Append-only, also for the owner; old events leave through pipeline_gui_forget_events alone.
CREATE FUNCTION pipeline_gui_keep_events() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND pipeline_gui_said('retention') = 'on' AND EXISTS (
        SELECT FROM pg_class WHERE oid = TG_RELID AND pg_has_role(current_user, relowner, 'USAGE')
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'pipeline_run_events is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER pipeline_gui_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pipeline_run_events
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_keep_events();

CREATE FUNCTION pipeline_gui_forget_events(keep_days INTEGER) RETURNS BIGINT
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET pipeline_gui.retention = 'on'
    AS $$
DECLARE
    forgotten BIGINT;
BEGIN
    IF keep_days IS NULL OR keep_days < 30 THEN
        RAISE EXCEPTION 'events are kept for 30 days at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Not those of a run that may still live: they are what a person will ask for.
    DELETE FROM pipeline_run_events AS event
        WHERE event.at < (clock_timestamp() AT TIME ZONE 'UTC') - pg_catalog.make_interval(days => keep_days)
          AND NOT EXISTS (SELECT FROM pipeline_run_engine AS engine WHERE engine.run_id = event.run_id AND NOT engine.gone);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;

REVOKE EXECUTE ON FUNCTION pipeline_gui_forget_events(INTEGER) FROM PUBLIC;
