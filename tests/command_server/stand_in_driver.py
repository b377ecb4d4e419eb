"""What bin/spark-submit executes in tests in the place of Spark: a parent in the role of the JVM, and the application.

As Spark does, it takes options up to the application, runs a Python application as its child, ends with its exit code,
and on SIGTERM ends with 143 and takes the child along. With conf ``spark.stand_in.ui`` it serves a UI as a driver does.
"""

import contextlib
import json
import os
import signal
import sys
import threading

APPLICATION_ID = "local-1790000000000"


def main() -> None:
    options: dict[str, str] = {}
    application, arguments = "", []
    words = iter(sys.argv[1:])
    for word in words:
        if word.startswith("--"):
            options[word] = next(words)
        else:
            application, arguments = word, list(words)
    conf = {}
    with open(options["--properties-file"]) as file:
        for line in file:
            key, _, value = line.rstrip("\n").partition("=")
            conf[key] = value
    print(f"Submitted application: {options.get('--name', os.path.basename(application))}", file=sys.stderr, flush=True)
    if "spark.stand_in.ui" in conf:
        serve_ui(conf["spark.stand_in.ui"])
    child = os.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, application, *arguments])

    def end(number: int, frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        os._exit(143)

    signal.signal(signal.SIGTERM, end)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(code if code >= 0 else 1)


def serve_ui(kind: str) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self.send_response(302)
                self.send_header("Location", "http://elsewhere.invalid/" if kind == "redirect" else "/jobs/")
                self.end_headers()
                return
            body = b"no such page"
            if self.path == "/api/v1/applications":
                body = json.dumps([{"id": APPLICATION_ID, "name": "stand-in"}]).encode()
            elif self.path.startswith("/echo"):
                body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
            elif self.path == "/huge":
                body = b"x" * (17 * 1024 * 1024)
            self.send_response(404 if body == b"no such page" else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Set-Cookie", "secret=1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Write no line per request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(
        f"INFO Utils: Successfully started service 'SparkUI' on port {server.server_port}.", file=sys.stderr, flush=True
    )


main()
