"""A bot without the SDK: the HTTP API, or lines of JSON over a pipe (--stdio). It needs Python 3.11 and nothing else."""
import json, os, signal, sys, time, urllib.error, urllib.request

URL, KEY = os.environ.get("SECTOR_URL", "http://127.0.0.1:8000"), os.environ.get("SECTOR_BOT_KEY", "")
TIMEOUT_S, WAIT_MS, BATCH = 30, 10_000, 100  # for an answer; for the next event; orders in a request, at most


class Sector:
    def __init__(self, snapshot):
        self.systems = {system["id"]: system for system in snapshot["systems"]}
        self.fleets = {fleet["id"]: fleet for fleet in snapshot["fleets"]}
        self.universe, self.around = snapshot["universe_id"], {system: [] for system in self.systems}
        for lane in snapshot["lanes"]:
            self.around[lane["a"]].append(lane["b"])
            self.around[lane["b"]].append(lane["a"])

    def apply(self, delta):
        for system in delta.get("systems", []):
            self.systems[system["id"]].update(system)
        for fleet in delta.get("fleets_removed", []):
            self.fleets.pop(fleet, None)
        self.fleets.update((fleet["id"], fleet) for fleet in delta.get("fleets", []))


def orders(sector, me):
    """The strategy: take the most valuable neighbour that is weak enough, or walk to the border and gather there."""
    foreign = {system for system, state in sector.systems.items() if state["owner"] != me}
    border = {system for system in sector.systems if foreign.intersection(sector.around[system])} - foreign
    for fleet in sector.fleets.values():
        here = fleet["system_id"]
        if fleet["owner"] != me or here is None or fleet["route"] or here in foreign:
            continue
        near = [sector.systems[system] for system in foreign.intersection(sector.around[here])]
        weak = [system for system in near if system["garrison"] + 3_000 < fleet["strength"]]
        if weak:
            target = max(weak, key=lambda system: (system["value"], system["id"]))["id"]
        elif here not in border:
            target = nearest(sector.around, here, border)
        else:
            continue
        if target is not None:
            yield {"kind": "move", "origin_id": here, "target_id": target, "fleet_id": fleet["id"]}


def nearest(around, start, wanted):
    """The first of the wanted systems that a search by lanes finds; a list grows while it is walked."""
    found = [start]
    for system in found:
        if system in wanted:
            return system
        found += [other for other in around[system] if other not in found]


def call(path, body=None):
    """The answer and its ETag. What is worth another attempt gets one; the rest is raised."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    while True:
        try:
            request = urllib.request.Request(URL + path, body and json.dumps(body).encode(), headers)
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer), answer.headers.get("etag", "")
        except urllib.error.HTTPError as error:
            if error.code != 429 and error.code < 500:
                raise
            time.sleep(float(error.headers.get("retry-after") or 1))
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            print(f"{URL} does not answer: {error}", file=sys.stderr)
            time.sleep(1)


def live():
    me, sector = call("/me")[0]["faction"], None
    if me is None:
        sys.exit("the player of this key holds no faction: claim one, then start the bot")
    while True:
        try:
            if sector is None:
                snapshot, tag = call("/snapshot")
                (after, incarnation), sector = tag.strip('W/"').split("."), Sector(snapshot)
            page = call(f"/events?after={after}&incarnation={incarnation}&wait_ms={WAIT_MS}")[0]
            after, tick = page["next"], None
            for event in page["events"]:
                if event["type"] == "snapshot":
                    sector = Sector(event["data"])
                elif event["type"] == "delta":
                    sector.apply(event["data"])
                    tick = event["data"]["tick"]
            given = [] if tick is None else list(orders(sector, me))[:BATCH]
            for number, order in enumerate(given):  # The same order sent again has the same id, and counts once.
                order |= {"faction": me, "client_id": f"{sector.universe}:{tick}:{number}"}
            if given:
                call("/orders", {"orders": given})
                print(f"tick {tick}: {len(given)} orders", file=sys.stderr)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403):
                sys.exit(f"the key may not do this: {error.read().decode()}")
            print(f"{error.code}: {error.read().decode()}", file=sys.stderr)
            sector = None if error.code == 410 else sector  # The events are gone: begin again with a snapshot.


def stdio():
    for message in map(json.loads, sys.stdin):
        if message["type"] == "begin":
            me, sector = message["faction"], Sector(message["snapshot"])
        elif message["type"] == "turn":
            sector = Sector(message["snapshot"]) if message.get("snapshot") else sector
            sector.apply(message.get("delta") or {})
            print(json.dumps({"tick": message["tick"], "orders": list(orders(sector, me))}), flush=True)


# Ctrl-C ends it at once, also where a shell that started it in the background has that signal ignored.
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
stdio() if "--stdio" in sys.argv else live()
