"""What a request can be answered with besides success, each with Livy's code and body."""

from __future__ import annotations


class CommandServerError(Exception):
    """The server can't be started or go on; the text is a sentence for the operator."""


class RequestError(Exception):
    """A request that is not carried out; nothing was launched by it."""

    status_code = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> object:
        """The JSON body of the answer."""
        return {"msg": self.message}


class Rejected(RequestError):
    """A batch that Livy would refuse: ``{"msg": "Rejected, Reason: ..."}``."""

    def body(self) -> object:
        """The JSON body of the answer."""
        return {"msg": f"Rejected, Reason: {self.message}"}


class Malformed(RequestError):
    """Bad JSON, an unknown key or a wrong type: a bare JSON string, as Livy answers it."""

    def body(self) -> object:
        """The JSON body of the answer."""
        return self.message


class TooLarge(RequestError):
    """A body over the limit."""

    status_code = 413


class TooSlow(RequestError):
    """A body that does not arrive."""

    status_code = 408


class SessionNotFound(RequestError):
    """No batch of that id or name: the one 404 that means absent."""

    status_code = 404

    def __init__(self, session: str) -> None:
        super().__init__(f"Session '{session}' not found.")


class Unavailable(RequestError):
    """Something of a batch that is not there now: its output, its driver's UI."""

    status_code = 404


class BadGateway(RequestError):
    """The driver's UI did not answer as it should."""

    status_code = 502
