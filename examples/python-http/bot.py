"""A bot without the SDK: plays over HTTP, or over a pipe in the arena (--stdio). Needs only Python 3.11."""
import http.client, json, math, os, signal, sys, time, urllib.error, urllib.request

URL, KEY = os.environ.get("SECTOR_URL", "http://127.0.0.1:8000"), os.environ.get("SECTOR_BOT_KEY", "")


class Sector:
    def __init__(self, snapshot):
        self.systems, self.fleets = {}, {}
        self.lanes = [(lane[a], lane[b]) for lane in snapshot["lanes"] for a, b in ("ab", "ba")]
        self.apply(snapshot)

    def apply(self, news):
        """Applies a delta, which contains only changes, or a snapshot; fleets missing from a snapshot are gone."""
        for system in news["systems"]:
            self.systems.setdefault(system["id"], {}).update(system)
        gone = news.get("fleets_removed", self.fleets)
        self.fleets = {id: fleet for id, fleet in self.fleets.items() if id not in gone}
        self.fleets |= {fleet["id"]: fleet for fleet in news["fleets"]}
        self.universe, self.tick = news["universe_id"], news["tick"]


def orders(sector, me):
    """The strategy: take the most valuable neighbour that is weak enough, or gather at the border."""
    own = {id: system for id, system in sector.systems.items() if system["owner"] == me}
    fronts = [(own[a], sector.systems[b]) for a, b in sector.lanes if a in own and b not in own]
    for fleet in sector.fleets.values():
        here = own.get(fleet["system_id"])
        if fleet["owner"] != me or fleet["route"] or not here:
            continue
        near = [there for side, there in fronts if side is here]
        weak = [there for there in near if there["garrison"] + 3_000 < fleet["strength"]]
        distance = lambda side: math.dist((side["x"], side["y"]), (here["x"], here["y"]))
        rear = [] if near else [side for side, _ in fronts]
        goal = max(weak, key=lambda there: (there["value"], there["id"]), default=min(rear, key=distance, default=None))
        if goal:
            yield {"kind": "move", "origin_id": here["id"], "target_id": goal["id"], "fleet_id": fleet["id"]}


def call(path, body=None):
    """Returns the response and its ETag. Retries if the server is busy (429) or unavailable, after Retry-After or 1 s."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    while True:
        try:
            request = urllib.request.Request(URL + path, body and json.dumps(body).encode(), headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer), answer.headers.get("etag", "")
        except (OSError, http.client.IncompleteRead) as error:  # Includes HTTPError, which has a code and headers.
            if (code := getattr(error, "code", 503)) < 500 and code != 429:
                raise
            print(f"{URL}: {error}", file=sys.stderr)
            time.sleep(float(getattr(error, "headers", {}).get("retry-after", 1)))


def live():
    me, sector = call("/me")[0]["faction"], None
    while me:
        if not sector:
            snapshot, tag = call("/snapshot")
            (after, incarnation), sector = tag.strip('W/"').split("."), Sector(snapshot)
        try:
            page, _ = call(f"/events?after={after}&incarnation={incarnation}&wait_ms=10000")
            after = page["next"]
            for event in page["events"]:
                if event["type"] == "snapshot":  # A new universe.
                    sector = Sector(event["data"])
                elif event["type"] == "delta":
                    sector.apply(event["data"])
            given = list(orders(sector, me))[:100]
            for number, order in enumerate(given):  # An order sent twice has the same id and counts once.
                order |= {"faction": me, "client_id": f"{sector.universe}:{sector.tick}:{number}"}
            if given and page["events"]:
                call("/orders", {"orders": given})
                print(f"tick {sector.tick}: {len(given)} orders", file=sys.stderr)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403):
                raise
            print(error, error.read().decode(), file=sys.stderr)
            sector = None  # Events no longer kept, or orders refused: start over from a snapshot.
    sys.exit("the player of this key holds no faction: claim one before starting the bot")


def stdio():
    for message in map(json.loads, sys.stdin):
        if message["type"] == "begin":
            me, sector = message["faction"], Sector(message["snapshot"])
        elif message["type"] == "turn":
            if news := message.get("delta") or message.get("snapshot"):
                sector.apply(news)
            print(json.dumps({"tick": message["tick"], "orders": list(orders(sector, me))}), flush=True)


signal.signal(signal.SIGINT, lambda *_: os._exit(0))  # Ctrl-C stops it immediately, even in the background.
try:
    stdio() if "--stdio" in sys.argv else live()
except urllib.error.HTTPError as error:
    sys.exit(f"{error}: {error.read().decode()}")
