"""What each run's work amounts to, on PostgreSQL: one row a run, beside the record and not in it."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline_gui.pipeline.figures import MOST_FOR_USUAL, ComparedFigures, RunFigures, usual_of
from pipeline_gui.pipeline.record import Actor
from pipeline_gui.store.queries import NOW
from pipeline_gui.store.reading import Reading
from pipeline_gui.store.session import Session
from pipeline_gui.store.values import clean_text, json_text

_LOOKED_THROUGH = 200
"""Of the runs before, however many of them failed."""

_NOTE = f"""
    INSERT INTO pipeline_run_figures AS noted (run_id, pipeline, figures)
    VALUES (%(run_id)s, %(pipeline)s, %(figures)s::jsonb)
    ON CONFLICT (run_id) DO UPDATE SET figures = EXCLUDED.figures, asked_at = {NOW}
"""
_FIND = "SELECT figures, asked_at FROM pipeline_run_figures WHERE run_id = %(run_id)s"
_BEFORE = f"""
    SELECT before.figures FROM (
        SELECT other.run_id, other.figures, other.began_at
        FROM pipeline_run_figures AS this JOIN pipeline_run_figures AS other
          ON other.pipeline = this.pipeline AND other.began_at < this.began_at
        WHERE this.run_id = %(run_id)s ORDER BY other.began_at DESC LIMIT {_LOOKED_THROUGH}
    ) AS before JOIN pipeline_runs AS run ON run.run_id = before.run_id
    WHERE lower(btrim(run.status)) = 'completed'
    ORDER BY before.began_at DESC LIMIT {MOST_FOR_USUAL}
"""


class PostgresFigures:
    """FiguresStore on PostgreSQL. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, run_id: str, pipeline: str, figures: RunFigures, actor: Actor) -> None:
        """Keep what Spark says now, in the place of what it said before. Not durable: it is asked again soon."""
        known = {name: value for name, value in msgspec.to_builtins(figures).items() if value is not None}
        values = {
            "run_id": clean_text(run_id),
            "pipeline": clean_text(pipeline)[:200],
            "figures": json_text(known),
        }
        self._session.write([(_NOTE, values)], actor, durable=False)

    def compared(self, run_id: str) -> ComparedFigures | None:
        """The figures of a run; None: Spark was never asked, or said nothing."""
        values = {"run_id": clean_text(run_id)}
        found, before = self._session.read_together([Reading(_FIND, values), Reading(_BEFORE, values)])
        if not found:
            return None
        runs = [_figures(row[0]) for row in before]
        return ComparedFigures(run_id, _figures(found[0][0]), found[0][1], usual_of(runs), len(runs))


def _figures(values: Any) -> RunFigures:
    try:
        return msgspec.convert(values, RunFigures)
    except msgspec.ValidationError:
        return RunFigures()  # a later version of the program may know more
