"""What can go wrong with the parts that run on this computer."""

from __future__ import annotations

import errno

from pipeline_gui.pipeline.errors import PipelineError, Reason


class EmbeddedUnavailable(PipelineError):
    """A part of the embedded pair can't be had; the text says what happened and what to do."""

    reason: Reason = "unreachable"


def sentence_for(error: OSError, doing: str) -> EmbeddedUnavailable:
    """The operator's sentence for an error of the operating system met while doing something."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EmbeddedUnavailable(f"The disk is full: {doing} is not possible{place}. Free some space and try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
        return EmbeddedUnavailable(
            f"{doing[0].upper()}{doing[1:]} is not possible{place}: {error.strerror}. "
            "Make the folder writable, or name another one in PIPELINE_GUI_HOME."
        )
    return EmbeddedUnavailable(f"{doing[0].upper()}{doing[1:]} failed{place}: {error.strerror or error}.")
