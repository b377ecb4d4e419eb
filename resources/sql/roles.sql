-- Three roles, each with the least that its work needs. Run it as the owner of the tables, after every migration:
--
--     psql -d NAME -f roles.sql
--     GRANT pipeline_gui_operator TO ana;      -- may start, stop and watch
--     GRANT pipeline_gui_viewer TO ben;        -- may look, live
--     GRANT pipeline_gui_service TO pipeline;  -- what "pipeline-gui serve" logs in as: an operator that also tidies up
--
-- Where pipeline_runs is in a schema of its own, put that schema first in the search_path of these sessions.
-- Making roles needs CREATEROLE; where they exist already, the owner of the tables is enough.

DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['pipeline_gui_viewer', 'pipeline_gui_operator', 'pipeline_gui_service'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END
$$;

-- Viewer: reads everything, and hears of changes (LISTEN needs no right).
GRANT SELECT ON pipeline_runs, pipeline_run_engine, pipeline_run_events, pipeline_installation, pipeline_migrations,
    pipeline_watcher, pipeline_configurations, pipeline_configuration_changes,
    pipeline_schedules, pipeline_schedule_firings, pipeline_services, pipeline_run_days, pipeline_run_days_changed, pipeline_run_figures,
    pipeline_alerts, pipeline_alert_messages, pipeline_alert_services TO pipeline_gui_viewer;
-- Who reads figures first sums up the days that changed; nothing but what the record says can come of it.
GRANT EXECUTE ON FUNCTION pipeline_gui_count_days(DOUBLE PRECISION) TO pipeline_gui_viewer;

-- Operator: records starts and ends, never an id or a start time afterwards, and deletes no run.
GRANT pipeline_gui_viewer TO pipeline_gui_operator;
GRANT INSERT (run_id, command, status, start_time, metadata),
      UPDATE (status, end_time, duration, error_message, metadata) ON pipeline_runs TO pipeline_gui_operator;
GRANT INSERT (run_id, batch_name, phase, spark_url, generation, grace_seconds, timeout_seconds),
      UPDATE (rev, phase, generation, batch_id, application_id, grace_seconds, stop_requested_at, stop_requested_by, stop_reason,
              unclear, contact_lost_at, gone, exit_code, progress, abandoned) ON pipeline_run_engine TO pipeline_gui_operator;
GRANT SELECT, INSERT (key_hash, fingerprint, run_id) ON pipeline_start_keys TO pipeline_gui_operator;
-- Not the moment, nor the database user: those are true whoever writes.
GRANT INSERT (run_id, kind, actor, via, detail) ON pipeline_run_events TO pipeline_gui_operator;
GRANT UPDATE (holder, actor, expires_at) ON pipeline_watcher TO pipeline_gui_operator;
-- “serve” may log in as either; since when it is there is the database's to say.
GRANT INSERT (service_id, actor, host), UPDATE (seen_at), DELETE ON pipeline_services TO pipeline_gui_operator;
-- Saved configurations: who changed one, when, and its revision are a trigger's to say.
GRANT INSERT (name, name_key, configuration), UPDATE (name, name_key, configuration), DELETE
    ON pipeline_configurations TO pipeline_gui_operator;

-- Schedules; what became of a time is decided once, which a trigger sees to.
GRANT INSERT (name, name_key, configuration, cron, every_minutes, zone, starts_at, ends_at, when_busy, catch_up_seconds, retries,
              retry_delay_seconds, is_enabled),
      UPDATE (name, name_key, configuration, cron, every_minutes, zone, starts_at, ends_at, when_busy, catch_up_seconds, retries,
              retry_delay_seconds, is_enabled),
      DELETE ON pipeline_schedules TO pipeline_gui_operator;
GRANT INSERT (schedule_id, due, attempt, outcome, run_id, sentence, retry_of, awaits_end), UPDATE (outcome, run_id, sentence, awaits_end)
    ON pipeline_schedule_firings TO pipeline_gui_operator;

-- What Spark says of a run's work, kept by whoever watches.
GRANT INSERT (run_id, pipeline, figures), UPDATE (asked_at, figures) ON pipeline_run_figures TO pipeline_gui_operator;

-- Alerts: the rules, and what comes with time or tries a receiver. What became of a message only who delivers may say.
GRANT INSERT (name, name_key, condition, pipeline, minutes, receiver, is_enabled),
      UPDATE (name, name_key, condition, pipeline, minutes, receiver, is_enabled), DELETE ON pipeline_alerts TO pipeline_gui_operator;
GRANT INSERT (alert_id, alert_name, receiver, condition, subject, run_id, facts) ON pipeline_alert_messages TO pipeline_gui_operator;

-- Service: an operator that also delivers alerts, and may remove old runs, and forget events older than 30 days, through the
-- functions that can.
GRANT pipeline_gui_operator TO pipeline_gui_service;
GRANT UPDATE (state, attempts, next_at, bundle, claim, claimed_until, answer), DELETE ON pipeline_alert_messages TO pipeline_gui_service;
GRANT INSERT, UPDATE, DELETE ON pipeline_alert_services TO pipeline_gui_service;
GRANT EXECUTE ON FUNCTION pipeline_gui_forget_events(INTEGER), pipeline_gui_forget_runs(TIMESTAMP, TIMESTAMP, INTEGER)
    TO pipeline_gui_service;
