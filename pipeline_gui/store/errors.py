"""psycopg's errors as the domain's few, each a sentence for the operator, without traceback or password."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg

from pipeline_gui.pipeline.errors import PipelineError, StoreRefused, StoreUnavailable, StoreUnclear
from pipeline_gui.pipeline.redaction import redact_text
from pipeline_gui.store.connection import DeadlinePassed
from pipeline_gui.store.target import Target

_LONGEST_REASON = 300

MIGRATE_HINT = "run “pipeline-gui migrate” with a role that owns it"


def connection_error(error: Exception, target: Target) -> PipelineError:
    """Why no connection was made. libpq gives no code for these, so it is read from its words."""
    text = str(error)
    database, place = target.database, target.place
    if "password authentication failed" in text or isinstance(error, pg.InvalidPassword):
        who = f" of “{target.user}”" if target.user else ""
        return StoreRefused(f"PostgreSQL at {place} refused the password{who}. Check user and password.")
    if "no password supplied" in text:
        return StoreRefused(f"PostgreSQL at {place} asks for a password and none is set.")
    if 'database "' in text and "does not exist" in text:
        return StoreRefused(
            f"The database “{database}” does not exist at {place}: create it with “createdb {database}”, "
            "then run “pipeline-gui migrate”."
        )
    if 'role "' in text and "does not exist" in text:
        return StoreRefused(f"PostgreSQL at {place} knows no user “{target.user}”.")
    if "no pg_hba.conf entry" in text or "authentication" in text or "not permitted to log in" in text:
        return StoreRefused(f"PostgreSQL at {place} does not let this user or computer in: {reason_of(error)}")
    if "permission denied for database" in text:
        return StoreRefused(f"This user may not connect to the database “{database}” at {place}.")
    if "hot standby" in text or "session is read-only" in text:
        return StoreRefused(f"PostgreSQL at {place} is a standby, which lags and can't be written; name the primary.")
    if "too many clients" in text or "remaining connection slots" in text or "too many connections" in text:
        return StoreUnavailable(f"PostgreSQL at {place} has too many connections open; try again in a moment.")
    if "starting up" in text or "shutting down" in text or "recovery mode" in text:
        return StoreUnavailable(f"PostgreSQL at {place} is starting or stopping; try again in a moment.")
    if "could not translate host name" in text or "failed to resolve host" in text:
        return StoreUnavailable(f"Can't reach PostgreSQL at {place}: that host name is not known.")
    if "Connection refused" in text:
        return StoreUnavailable(f"Can't reach PostgreSQL at {place}: connection refused. Is it running there?")
    if isinstance(error, DeadlinePassed | pg.ConnectionTimeout) or "timeout expired" in text:
        return StoreUnavailable(f"PostgreSQL at {place} does not answer.")
    return StoreUnavailable(f"Can't reach PostgreSQL at {place}: {reason_of(error)}")


def is_answer(error: psycopg.Error) -> bool:
    """Whether the server itself refused the statement, so that its transaction surely was rolled back."""
    return error.sqlstate is not None and error.diag.severity_nonlocalized == "ERROR"


def statement_error(error: psycopg.Error, target: Target, *, writing: bool) -> PipelineError:
    """Why a statement did not do its work. Without the server's answer, a write may have been recorded all the same."""
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError | psycopg.InterfaceError) and not error.sqlstate:
        return StoreRefused(f"The database's driver refused a value: {reason_of(error)}")
    if not is_answer(error):
        if writing:
            return StoreUnclear(
                f"The connection to PostgreSQL at {target.place} was lost while a change was being recorded; "
                "it may or may not be recorded."
            )
        if isinstance(error, DeadlinePassed):
            return StoreUnavailable(f"PostgreSQL at {target.place} does not answer.")
        return StoreUnavailable(f"The connection to PostgreSQL at {target.place} was lost.")
    return _refusal(error, target)


def _refusal(error: psycopg.Error, target: Target) -> PipelineError:
    database = target.database
    match error:
        case pg.UndefinedTable() | pg.UndefinedColumn() | pg.UndefinedFunction() | pg.InvalidSchemaName():
            return StoreRefused(f"The database “{database}” is not prepared: {MIGRATE_HINT}.")
        case pg.InsufficientPrivilege():
            return StoreRefused(
                f"This user may look at “{database}”, but not do this: {reason_of(error)}. "
                "Ask for the role pipeline_gui_operator."
            )
        case pg.ReadOnlySqlTransaction():
            return StoreRefused(f"The database “{database}” is read-only (a standby, or set so); nothing was recorded.")
        case pg.DiskFull():
            return StoreRefused(
                f"The disk of PostgreSQL at {target.place} is full: free some space. Nothing was recorded."
            )
        case pg.LockNotAvailable() | pg.DeadlockDetected() | pg.SerializationFailure():
            return StoreUnavailable(f"Another program holds a lock in “{database}”; nothing was recorded. Try again.")
        case pg.QueryCanceled() | pg.IdleInTransactionSessionTimeout():
            return StoreUnavailable(f"PostgreSQL at {target.place} took too long to answer; nothing was recorded.")
        case pg.UniqueViolation():
            return StoreRefused(f"The database “{database}” holds such a row already: {reason_of(error)}.")
    return StoreRefused(f"The database “{database}” refused: {reason_of(error)}.")


def reason_of(error: Exception) -> str:
    """The library's own words: one line, short, secrets redacted."""
    words = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    line = " ".join((words or str(error) or type(error).__name__).split())
    # libpq repeats the address before the reason; the sentence has said it.
    for before in ("FATAL: ", "failed: "):
        _, found, rest = line.rpartition(before)
        line = rest if found and rest else line
    return redact_text(line)[:_LONGEST_REASON].rstrip(" .")
