"""Many clients of the stream of changes: ``PORT CLIENTS``. Says when all are there, and when each heard of a run."""

from __future__ import annotations

import asyncio
import sys
import time

from bench.children.saying import say


async def _listen(port: int, heard: dict[str, list[float]], ready: asyncio.Event, left: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /api/pipeline/events HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
    event, is_new = b"", True
    while line := await reader.readline():
        if line.startswith(b"event: "):
            event = line[7:].strip()
            if is_new and event == b"status":
                is_new = False
                left[0] -= 1
                if not left[0]:
                    ready.set()
        elif line.startswith(b"data: ") and event == b"run":
            moment = time.monotonic()  # one clock for all processes of a computer
            run_id = line.partition(b'"run_id":"')[2].partition(b'"')[0].decode()
            heard.setdefault(run_id, []).append(moment)


async def _main(port: int, clients: int) -> None:
    heard: dict[str, list[float]] = {}
    ready = asyncio.Event()
    left = [clients]
    tasks = [asyncio.create_task(_listen(port, heard, ready, left)) for _ in range(clients)]
    await asyncio.wait_for(ready.wait(), 60)
    say("ready")
    loop = asyncio.get_running_loop()
    while run_id := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        while len(heard.get(run_id, [])) < clients:
            await asyncio.sleep(0.005)
        say(heard.pop(run_id))
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
