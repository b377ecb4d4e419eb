"""Schedules by name, which all operators share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from pipeline_gui.configurations.owner import Configurations
from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.errors import ConfigurationInvalid
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.pipeline.saved import name_key
from pipeline_gui.pipeline.schedule import Decided, Schedule, ScheduleStore, Service
from pipeline_gui.schedules.checks import TIMES, checked_plan, checked_schedule


class ScheduleChanged(ConfigurationInvalid):
    """Somebody changed or deleted it since it was read, so that nothing was written."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The revision of a schedule that somebody has before them, and that a change is meant for."""

    schedule_id: int
    revision: int


class Schedules:
    """Creates, changes and finds them for one person. Blocks, with deadlines; safe to call from several threads."""

    def __init__(self, store: ScheduleStore, configurations: Configurations, actor: Actor) -> None:
        self._store = store
        self._configurations = configurations
        self._actor = actor

    def acting_for(self, actor: Actor) -> Schedules:
        """The same, whose changes are recorded as another's: a service acts for many people."""
        return Schedules(self._store, self._configurations, actor)

    def all(self) -> list[Schedule]:
        """All of them, by name. Raises StoreUnavailable."""
        return self._store.all()

    def now(self) -> datetime:
        """The clock that the schedules go by, aware. Raises StoreUnavailable."""
        return self._store.now()

    def services(self) -> list[Service]:
        """Who is always there to start what is due; none: only whoever has a window open. Raises StoreUnavailable."""
        return self._store.services()

    def show(self, name: str) -> Schedule:
        """The one of a name, in any case of letters. Raises ConfigurationInvalid where there is none."""
        found = self._store.find(name_key(name))
        if found is None:
            raise self._unknown(name)
        return found

    def meant(self, name: str, seen: Seen) -> Schedule:
        """The one of a name, where it is what somebody has seen, in whatever revision.

        Raises ScheduleChanged where it may have been, and ConfigurationInvalid where it never was.
        """
        found = self._store.find(name_key(name))
        if found is not None and found.schedule_id == seen.schedule_id:
            return found
        now = self._now(seen)
        if found is not None and now is not None and now.revision == seen.revision:
            raise ScheduleChanged(f"“{found.name}” is another schedule by now; nothing was changed.")
        if found is not None or now is None or now.revision > 1:  # one that was changed may have had the name
            raise self._changed(name, now)
        raise self._unknown(name)

    def preview(self, values: Mapping[str, Any], count: int = 5) -> list[datetime]:
        """The next times of what is about to be saved. Raises ConfigurationInvalid."""
        checked = checked_schedule(values)
        return self.next_times({key: checked[key] for key in TIMES}, count)

    def next_times(self, values: Mapping[str, Any], count: int = 5) -> list[datetime]:
        """The next times of what is only said to be due so far. Raises ConfigurationInvalid."""
        plan, now = checked_plan(values), self._store.now()
        return list(islice(plan.after(now, now), count))

    def create(self, values: Mapping[str, Any]) -> Schedule:
        """Save a new one. Raises ConfigurationInvalid, also where its configuration is not known."""
        checked = checked_schedule(values)
        self._configurations.show(checked["configuration"])
        return self._store.create(checked, self._actor)

    def change(self, name: str, values: Mapping[str, Any], seen: Seen | None = None) -> Schedule:
        """Change some of its values; seen: only if it is still that. Raises ConfigurationInvalid, ScheduleChanged."""
        found = self.show(name) if seen is None else self.meant(name, seen)
        old: dict[str, Any] = values_of(found)
        if values.keys() & {"cron", "every_minutes"}:
            old = {key: value for key, value in old.items() if key not in ("cron", "every_minutes")}
        return self._save(found, {**old, **values}, seen)

    def replace(self, name: str, values: Mapping[str, Any], seen: Seen) -> Schedule:
        """Say all of its values anew; what is not said is as in a new one. Raises as change does."""
        return self._save(self.meant(name, seen), values, seen)

    def delete(self, name: str, seen: Seen | None = None) -> None:
        """Delete one; its runs and its events stay. Raises ConfigurationInvalid, ScheduleChanged."""
        found = self.show(name) if seen is None else self.meant(name, seen)
        wanted = seen or Seen(found.schedule_id, found.revision)
        if not self._store.delete(wanted.schedule_id, wanted.revision, self._actor):
            raise self._changed(name, self._now(wanted))

    def decided(self, name: str, limit: int = 50) -> list[Decided]:
        """What became of its last times, newest first."""
        return self.decided_of(self.show(name), limit)

    def decided_of(self, schedule: Schedule, limit: int) -> list[Decided]:
        """The same of one that was read already."""
        return self._store.decided(schedule.schedule_id, limit)

    # --- inside -------------------------------------------------------------------------------------------------

    def _save(self, found: Schedule, values: Mapping[str, Any], seen: Seen | None) -> Schedule:
        checked = checked_schedule(values)
        if checked["configuration"] != found.configuration:
            self._configurations.show(checked["configuration"])
        wanted = seen or Seen(found.schedule_id, found.revision)
        saved = self._store.replace(wanted.schedule_id, wanted.revision, checked, self._actor)
        if saved is None:
            raise self._changed(found.name, self._now(wanted))
        return saved

    def _now(self, seen: Seen) -> Schedule | None:
        return next((one for one in self._store.all() if one.schedule_id == seen.schedule_id), None)

    def _unknown(self, name: str) -> ConfigurationInvalid:
        near = near_name(name, [schedule.name for schedule in self._store.all()])
        hint = f" Did you mean “{near}”?" if near else ""
        return ConfigurationInvalid(f"There is no schedule “{name[:100]}”.{hint}", field="name")

    def _changed(self, name: str, now: Schedule | None) -> ScheduleChanged:
        if now is None:
            return ScheduleChanged(f"“{name[:100]}” is there no more: it was deleted meanwhile. Nothing was changed.")
        if name_key(now.name) != name_key(name):
            renamed = f"“{name[:100]}” was renamed to “{now.name}” by {now.changed_by}"
            return ScheduleChanged(f"{renamed}; nothing was changed.")
        return ScheduleChanged(
            f"“{now.name}” was changed meanwhile by {now.changed_by}: it is at revision {now.revision}, and stays so."
        )


def values_of(schedule: Schedule) -> dict[str, Any]:
    """What a person said of it, without what was not said."""
    plan = schedule.plan
    values = {
        "name": schedule.name,
        "configuration": schedule.configuration,
        "cron": plan.cron,
        "every_minutes": plan.every_minutes,
        "zone": plan.zone,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "when_busy": schedule.when_busy.value,
        "catch_up_seconds": schedule.catch_up_seconds,
        "retries": schedule.retries,
        "retry_delay_seconds": schedule.retry_delay_seconds,
        "is_enabled": schedule.is_enabled,
    }
    return {key: value for key, value in values.items() if value is not None}
