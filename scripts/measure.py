#!/usr/bin/env python3
"""Measures the inputs of `sector capacity`: CPU time, memory and bytes per process for a tick, an order and a watcher.

    cargo build --release -p api -p sim-worker -p frontend -p bot-worker
    python3 scripts/measure.py target/release [--seconds 30] [--watchers 300] [--sectors 20]

Starts its own Redis (AOF everysec), the services, and reading clients. Reads CPU time from /proc, so other load on the
machine matters little.
"""

import argparse
import asyncio
import atexit
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def cpu(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(process):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return json.load(answer)


def wait(url):
    for _ in range(600):
        try:
            return get(url)
        except Exception:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer after 60 s")


class Bench:
    def __init__(self, binaries, folder, systems, factions, sectors, tick_ms):
        self.binaries, self.folder, self.processes = Path(binaries).resolve(), Path(folder), {}
        self.redis_port = port()
        atexit.register(self.stop)
        self.start("redis", ["redis-server", "--port", str(self.redis_port), "--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""])
        time.sleep(0.5)
        names = ",".join(["default"] + [f"s{number}" for number in range(1, sectors)])
        self.url = f"redis://127.0.0.1:{self.redis_port}"
        self.start("sim-worker", ["--redis-url", self.url, "--sectors", names, "--tick-ms", f"{tick_ms}ms", "--systems", str(systems), "--factions", str(factions), "--seed", "7"])

    def start(self, name, command):
        if name != "redis":
            command = [str(self.binaries / name), *command]
        environment = {**os.environ, "LOG": "error", "JWT_SECRET": os.urandom(32).hex(), "BOT_API_TOKEN": "a token of the measurement"}
        self.processes[name] = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    def redis(self, *command):
        return subprocess.run(["redis-cli", "-p", str(self.redis_port), *command], capture_output=True, text=True, check=True).stdout

    def stop(self):
        for process in reversed(list(self.processes.values())):
            process.terminate()
            process.wait()
        self.processes.clear()

    def measure(self, seconds):
        before = {name: cpu(process) for name, process in self.processes.items()}
        aof = int(re.search(r"aof_current_size:(\d+)", self.redis("info", "persistence"))[1])
        memory_before = self.memory()
        ticks = int(self.redis("hget", "sector:world", "tick") or 0)
        time.sleep(seconds)
        done = int(self.redis("hget", "sector:world", "tick") or 0) - ticks
        aof = int(re.search(r"aof_current_size:(\d+)", self.redis("info", "persistence"))[1]) - aof
        grown = self.memory() - memory_before
        return {name: cpu(process) - before[name] for name, process in self.processes.items()}, done, aof, grown

    def memory(self):
        return int(re.search(r"used_memory:(\d+)", self.redis("info", "memory"))[1])


def ticking(binaries, seconds, systems, factions, sectors):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(binaries, folder, systems, factions, sectors, 300)
        api = port()
        bench.start("api", ["--redis-url", bench.url, "--port", str(api), "--limit-orders", "100000", "--limit-reads", "100000"])
        wait(f"http://127.0.0.1:{api}/snapshot")
        bench.start("bot-worker", ["--bot-api-url", f"http://127.0.0.1:{api}"])
        time.sleep(10)
        used, ticks, aof, grown = bench.measure(seconds)
        all_ticks = ticks * sectors
        print(json.dumps({
            "systems": systems, "factions": factions, "sectors": sectors, "ticks_of_one": ticks,
            "sim_worker_us_per_tick": round(used["sim-worker"] / all_ticks * 1e6, 1),
            "redis_us_per_tick": round(used["redis"] / all_ticks * 1e6, 1),
            "aof_bytes_per_tick": round(aof / all_ticks),
            # Events, records and outcomes grow up to their retention limits.
            "redis_bytes_kept_per_tick": round(grown / all_ticks),
            "sim_worker_bytes_per_sector": round(memory(bench.processes["sim-worker"]) / sectors),
            "bot_worker_us_per_tick": round(used["bot-worker"] / max(ticks, 1) * 1e6, 1),
        }))
        bench.stop()


async def watch(frontend, count, seconds, on):
    received = 0

    async def one():
        nonlocal received
        reader, writer = await asyncio.open_connection("127.0.0.1", frontend)
        writer.write(b"GET /tail HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        await writer.drain()
        while data := await reader.read(1 << 16):
            received += len(data)

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    await asyncio.sleep(5)
    first, begun = received, on()
    await asyncio.sleep(seconds)
    last, ended = received, on()
    for task in tasks:
        task.cancel()
    return last - first, begun, ended


def watching(binaries, seconds, systems, factions, watchers):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(binaries, folder, systems, factions, 1, 300)
        api, frontend = port(), port()
        bench.start("api", ["--redis-url", bench.url, "--port", str(api)])
        wait(f"http://127.0.0.1:{api}/snapshot")
        bench.start("bot-worker", ["--bot-api-url", f"http://127.0.0.1:{api}"])
        bench.start("frontend", ["--redis-url", bench.url, "--port", str(frontend), "--api-url", f"http://127.0.0.1:{api}", "--ws-max-clients", "100000", "--ws-max-per-address", "100000"])
        wait(f"http://127.0.0.1:{frontend}/health")
        process = bench.processes["frontend"]
        state = lambda: (cpu(process), memory(process), int(bench.redis("hget", "sector:world", "tick") or 0))
        alone = memory(process)
        _, idle_from, idle_to = asyncio.run(watch(frontend, 1, seconds, state))
        received, begun, ended = asyncio.run(watch(frontend, watchers, seconds, state))
        ticks = max(ended[2] - begun[2], 1)
        idle = (idle_to[0] - idle_from[0]) / max(idle_to[2] - idle_from[2], 1)
        print(json.dumps({
            "systems": systems, "watchers": watchers, "ticks": ticks,
            "frontend_us_per_tick": round(idle * 1e6, 1),
            "frontend_us_per_watcher_and_tick": round(((ended[0] - begun[0]) / ticks - idle) / watchers * 1e6, 2),
            "bytes_per_watcher_and_tick": round(received / watchers / ticks),
            "frontend_bytes": alone, "frontend_bytes_per_watcher": round((ended[1] - alone) / watchers),
        }))
        bench.stop()


def ordering(binaries, seconds, clients=16):
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(binaries, folder, 30, 5, 1, 300)
        api = port()
        bench.start("api", ["--redis-url", bench.url, "--port", str(api), "--limit-orders", "100000", "--limit-reads", "100000"])
        snapshot = wait(f"http://127.0.0.1:{api}/snapshot")
        faction = snapshot["factions"][0]
        body = json.dumps({"orders": [{"kind": "muster", "faction": faction["id"], "target_id": faction["home_id"]}]}).encode()
        request = (b"POST /orders HTTP/1.1\r\nHost: localhost\r\nX-Bot-Token: a token of the measurement\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
        accepted = 0

        async def one(until):
            nonlocal accepted
            reader, writer = await asyncio.open_connection("127.0.0.1", api)
            while time.monotonic() < until:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(re.search(rb"content-length: (\d+)", head, re.I)[1]))
                accepted += head.startswith(b"HTTP/1.1 202")
                await asyncio.sleep(0.02)

        async def all_of_them():
            until = time.monotonic() + seconds
            await asyncio.gather(*[one(until) for _ in range(clients)])

        names = ("api", "redis", "sim-worker")
        idle_from = {name: cpu(bench.processes[name]) for name in names}
        time.sleep(seconds)
        idle = {name: cpu(bench.processes[name]) - idle_from[name] for name in names}
        begun = {name: cpu(bench.processes[name]) for name in names}
        asyncio.run(all_of_them())
        used = {name: cpu(bench.processes[name]) - begun[name] - idle[name] for name in names}
        print(json.dumps({"orders": accepted, **{f"{name}_us_per_order": round(used[name] / max(accepted, 1) * 1e6, 1) for name in names}}))
        bench.stop()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binaries")
    options.add_argument("--seconds", type=int, default=30)
    options.add_argument("--watchers", type=int, default=300)
    options.add_argument("--sectors", type=int, default=20)
    chosen = options.parse_args()
    ticking(chosen.binaries, chosen.seconds, 30, 5, chosen.sectors)
    ticking(chosen.binaries, chosen.seconds, 300, 32, 4)
    watching(chosen.binaries, chosen.seconds, 30, 5, chosen.watchers)
    watching(chosen.binaries, chosen.seconds, 300, 32, chosen.watchers)
    ordering(chosen.binaries, chosen.seconds)
