-- Every change of a run is told at its commit: run id and status only, so that nobody's statement fails on its length.
CREATE FUNCTION pipeline_gui_tell(run_id TEXT, status TEXT) RETURNS VOID
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
DECLARE
    payload TEXT := pg_catalog.json_build_object('run_id', run_id, 'status', status)::text;
BEGIN
    -- The limit is 8000 bytes. Beyond it: "anything may have changed".
    IF octet_length(payload) > 7900 THEN
        payload := '{"run_id": null, "status": null}';
    END IF;
    PERFORM pg_notify('pipeline_runs', payload);
END
$$;

CREATE FUNCTION pipeline_gui_tell_new() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    -- A statement that changes many rows is told once: a million of them would fill the server's queue.
    IF (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 101) AS few) > 100 THEN
        PERFORM pipeline_gui_tell(NULL::text, NULL::text);
    ELSE
        PERFORM pipeline_gui_tell(new_rows.run_id::text, new_rows.status::text) FROM new_rows;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_tell_old() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 101) AS few) > 100 THEN
        PERFORM pipeline_gui_tell(NULL::text, NULL::text);
    ELSE
        PERFORM pipeline_gui_tell(old_rows.run_id::text, NULL::text) FROM old_rows;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_tell_all() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    PERFORM pipeline_gui_tell(NULL::text, NULL::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_tell_insert AFTER INSERT ON pipeline_runs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_tell_new();
CREATE TRIGGER pipeline_gui_tell_update AFTER UPDATE ON pipeline_runs
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_tell_new();
CREATE TRIGGER pipeline_gui_tell_delete AFTER DELETE ON pipeline_runs
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_tell_old();
CREATE TRIGGER pipeline_gui_tell_truncate AFTER TRUNCATE ON pipeline_runs
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_tell_all();
