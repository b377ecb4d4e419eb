-- oldest reader: 16
-- Of a schedule that keeps missing its times a rule tells once an hour. A message that nobody took has told nobody, so it
-- keeps no later one back; and what was kept back because of it is told when it is given up.
CREATE OR REPLACE FUNCTION pipeline_gui_alert_of_missed() RETURNS TRIGGER
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
              AND told.made_at > (clock_timestamp() AT TIME ZONE 'UTC') - interval '1 hour'
              AND told.state <> 'undelivered')
        ORDER BY schedule.name_key, alert.name_key
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE FUNCTION pipeline_gui_alert_of_untold() RETURNS TRIGGER
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    AS $$
BEGIN
    INSERT INTO pipeline_alert_messages (alert_id, alert_name, receiver, condition, subject, facts)
        SELECT alert.alert_id, alert.name, alert.receiver, alert.condition,
               'schedule '::text || schedule.schedule_id::text || ' '::text || lost.due::text,
               pg_catalog.jsonb_build_object(
                   'schedule_id', schedule.schedule_id, 'schedule', left(schedule.name, 300),
                   'pipeline', left(schedule.configuration, 300), 'times', lost.times, 'due', lost.due,
                   'outcome', lost.outcome, 'sentence', left(lost.sentence, 2000))
        FROM pipeline_schedules AS schedule
        JOIN pipeline_alerts AS alert
          ON alert.alert_id = NEW.alert_id AND alert.is_enabled AND alert.condition = 'missed'
         AND (alert.pipeline IS NULL OR lower(alert.pipeline) = lower(schedule.configuration))
        CROSS JOIN LATERAL (
            SELECT due, outcome, sentence, count(*) OVER () AS times FROM pipeline_schedule_firings AS firing
            WHERE firing.schedule_id = schedule.schedule_id AND firing.outcome IN ('missed', 'refused')
              AND firing.decided_at > NEW.made_at AND firing.decided_at <= NEW.made_at + interval '1 hour'
            ORDER BY due DESC, attempt DESC LIMIT 1
        ) AS lost
        WHERE schedule.schedule_id::text = NEW.facts ->> 'schedule_id'::text
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER pipeline_gui_alert_of_untold AFTER UPDATE ON pipeline_alert_messages FOR EACH ROW
    WHEN (OLD.state = 'waiting' AND NEW.state = 'undelivered' AND NEW.condition = 'missed')
    EXECUTE FUNCTION pipeline_gui_alert_of_untold();
