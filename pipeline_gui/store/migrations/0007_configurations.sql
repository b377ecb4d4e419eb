-- Configurations that all operators share. Whoever writes: the revision counts every change, and who and when are true.
CREATE TABLE pipeline_configurations (
    configuration_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    -- What names are compared by: “Nightly” and “nightly” are one.
    name_key TEXT NOT NULL CONSTRAINT pipeline_configurations_name UNIQUE,
    revision BIGINT NOT NULL DEFAULT 1,
    configuration JSONB NOT NULL CHECK (jsonb_typeof(configuration) = 'object'),
    changed_by TEXT NOT NULL DEFAULT '',
    changed_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);

-- Every revision as it was: from it the second of two editors is told what the first one changed. Also what was deleted.
CREATE TABLE pipeline_configuration_changes (
    configuration_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    configuration JSONB NOT NULL,
    changed_by TEXT NOT NULL,
    via TEXT,
    database_user TEXT NOT NULL DEFAULT session_user,
    changed_at TIMESTAMP NOT NULL,
    -- Made by the writer: after a commit of which no answer came, it finds by this whether it was recorded.
    write_id TEXT,
    PRIMARY KEY (configuration_id, revision)
);

CREATE INDEX pipeline_configuration_changes_write ON pipeline_configuration_changes (write_id) WHERE write_id IS NOT NULL;

CREATE FUNCTION pipeline_gui_revise_configuration() RETURNS TRIGGER
    LANGUAGE plpgsql SET search_path FROM CURRENT
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.configuration_id := OLD.configuration_id;
        NEW.revision := OLD.revision + 1;
    ELSE
        NEW.revision := 1;
    END IF;
    NEW.changed_by := pipeline_gui_actor();
    NEW.changed_at := clock_timestamp() AT TIME ZONE 'UTC';
    RETURN NEW;
END
$$;

-- SECURITY DEFINER, as the events' triggers are: nobody needs a right to write the changes.
CREATE FUNCTION pipeline_gui_record_configuration() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
DECLARE
    write_id TEXT := pipeline_gui_detail() ->> 'write';
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO pipeline_configuration_changes
            (configuration_id, revision, kind, name, configuration, changed_by, via, changed_at, write_id)
            VALUES (OLD.configuration_id, OLD.revision + 1, 'deleted', OLD.name, OLD.configuration, pipeline_gui_actor(),
                    pipeline_gui_via(), clock_timestamp() AT TIME ZONE 'UTC', write_id);
    ELSE
        INSERT INTO pipeline_configuration_changes
            (configuration_id, revision, kind, name, configuration, changed_by, via, changed_at, write_id)
            VALUES (NEW.configuration_id, NEW.revision, CASE TG_OP WHEN 'INSERT' THEN 'created' ELSE 'changed' END,
                    NEW.name, NEW.configuration, NEW.changed_by, pipeline_gui_via(), NEW.changed_at, write_id);
    END IF;
    -- Which one is not said: a list of names is read anew as a whole, and PostgreSQL tells a transaction's once.
    PERFORM pg_notify('pipeline_configurations', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_revise BEFORE INSERT OR UPDATE ON pipeline_configurations
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_revise_configuration();
CREATE TRIGGER pipeline_gui_record AFTER INSERT OR UPDATE OR DELETE ON pipeline_configurations
    FOR EACH ROW EXECUTE FUNCTION pipeline_gui_record_configuration();
