-- oldest reader: 13
-- That the schedules changed is told at once, so that who watches need not ask often. Which one is not said: few, and read anew.
CREATE FUNCTION pipeline_gui_tell_of_schedules() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    PERFORM pg_notify('pipeline_schedules', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_tell AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pipeline_schedules
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline_gui_tell_of_schedules();
