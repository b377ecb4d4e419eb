"""Asks two servers by turns, on kept connections, as fast as they answer: ``PORT PORT PATH``."""

from __future__ import annotations

import asyncio
import sys
import time

from bench.children.saying import say

CONNECTIONS = 4
ROUNDS = 8
ROUND_SECONDS = 1.5


async def _ask(port: int, path: str, until: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    while (begin := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        _, _, length = head.lower().partition(b"content-length: ")
        await reader.readexactly(int(length.partition(b"\r\n")[0]))
        times.append(time.perf_counter() - begin)
    writer.close()


async def _round(port: int, path: str, seconds: float) -> list[float]:
    times: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_ask(port, path, until, times) for _ in range(CONNECTIONS)))
    return times


def main(ports: list[int], path: str) -> None:
    """Say the times of each server, in seconds."""
    times: list[list[float]] = [[], []]
    for number in range(ROUNDS + 1):
        for port, kept in zip(ports, times, strict=True):
            found = asyncio.run(_round(port, path, ROUND_SECONDS if number else 0.5))
            if number:  # the first is to warm up
                kept += found
    say({"seconds": ROUNDS * ROUND_SECONDS, "service": times[0], "bare": times[1]})


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1:3]], sys.argv[3])
