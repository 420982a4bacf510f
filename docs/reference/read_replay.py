#!/usr/bin/env python3
"""Reads a Sector replay, version 2, as described in replay-format.md.

    zstd -dc match.replay | python3 docs/reference/read_replay.py

Reads the plain form from standard input, checks the hash chain and prints a summary as one line of JSON. With --orders,
prints every order as a line of JSON first. Uses only the standard library.
"""

import hashlib
import json
import sys

MAGIC = b"\x89SECTOR\n\x02"
HEADER, TICK, KEYFRAME, FOOTER = 1, 2, 3, 4
KINDS = ["move", "cancel", "muster", "focus"]
FOCUS = ["balanced", "industry", "garrison", "order"]
CAUSES = [None, "domination", "last_standing", "tick_limit"]
REFUSALS = [
    "unknown_faction", "unknown_system", "unknown_fleet", "not_owner", "no_idle_fleet", "not_at_origin", "too_weak",
    "already_there", "unreachable", "no_route", "duplicate", "wrong_universe", "run_over",
]  # fmt: skip


class Cut(Exception):
    """The input ends in the middle of a value."""


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        if self.at + length > len(self.data):
            raise Cut
        self.at += length
        return self.data[self.at - length : self.at]

    def byte(self):
        return self.take(1)[0]

    def number(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        folded = self.number()
        return folded >> 1 if folded % 2 == 0 else -((folded + 1) >> 1)

    def text(self):
        return self.take(self.number()).decode()

    def digest(self):
        return f"{int.from_bytes(self.take(8), 'little'):016x}"

    def rest(self):
        return self.take(len(self.data) - self.at)


def faction(number):
    if number < 64:
        return f"F{number + 1}"
    return "L1" if number == 64 else f"S{number - 64}"


def read_order(cursor):
    head = cursor.byte()
    kind, variant = head & 3, head >> 2 & 3
    order = {"kind": KINDS[kind], "faction": faction(cursor.byte())}
    if kind == 0:
        order["origin_id"] = cursor.number()
        order["target_id"] = cursor.number()
        if head & 16:
            order["fleet_id"] = cursor.number()
        if variant == 1:
            order["strength"] = cursor.signed()
        if variant == 2:
            order["all"] = True
    elif kind == 1:
        order["fleet_id"] = cursor.number()
    elif kind == 2:
        order["target_id"] = cursor.number()
    else:
        order["system_id"] = cursor.number()
        order["focus"] = FOCUS[variant]
    if head & 32:
        order["client_id"] = cursor.text()
    if head & 64:
        order["reason"] = cursor.text()
    if head & 128:
        return order, {"refused": REFUSALS[cursor.byte()]}
    fleet = cursor.number()
    return order, {"fleet": fleet - 1 if fleet else None}


def read(data, show_orders):
    if not data.startswith(MAGIC):
        sys.exit("not the plain form of a version 2 replay")
    cursor = Cursor(data)
    cursor.at = len(MAGIC)
    chain, header, footer = b"", None, None
    found = {"ticks": 0, "orders": 0, "refused": 0, "keyframes": 0, "digest": None}
    begin = cursor.at
    while cursor.at < len(data):
        begin = cursor.at
        try:
            kind = cursor.byte()
            payload = cursor.take(cursor.number())
        except Cut:
            break
        frame, inner = data[begin : cursor.at], Cursor(payload)
        if kind == HEADER:
            header = json.loads(payload)
            chain = hashlib.sha256(frame).digest()
            canonical = json.dumps(header["rules"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert hashlib.sha256(canonical.encode()).hexdigest() == header["rules_hash"], "the rules were altered"
            found["digest"] = header["digest"]
        elif kind == TICK:
            chain = hashlib.sha256(chain + payload).digest()
            tick = inner.number()
            assert tick == found["ticks"] + 1, f"tick {tick} follows tick {found['ticks']}"
            found["ticks"] = tick
            for _ in range(inner.number()):
                order, outcome = read_order(inner)
                found["orders"] += 1
                found["refused"] += "refused" in outcome
                if show_orders:
                    print(json.dumps({"tick": tick, **order, **outcome}))
            found["digest"] = inner.digest()
            assert not inner.rest(), "a tick has leftover bytes"
        elif kind == KEYFRAME:
            assert inner.number() == found["ticks"] and inner.digest() == found["digest"], "a keyframe is out of place"
            assert inner.take(32) == chain, f"the replay was altered before tick {found['ticks']}"
            if inner.byte() == 1:
                seal, state = inner.take(32), inner.rest()
                assert hashlib.sha256(state).digest() == seal, "a state was altered"
                assert json.loads(state)["tick"] == found["ticks"], "a state is out of place"
            found["keyframes"] += 1
        elif kind == FOOTER:
            assert inner.number() == found["ticks"] and inner.number() == found["orders"], "ticks or orders are missing"
            cause, result = CAUSES[inner.byte()], None
            if cause:
                winner = inner.byte()
                result = {"winner": faction(winner - 1) if winner else None, "cause": cause, "tick": inner.number()}
            assert inner.digest() == found["digest"] and inner.take(32) == chain, "the replay was altered"
            assert hashlib.sha256(payload[: inner.at]).digest() == inner.rest(), "the footer was altered"
            footer = {"result": result}
        else:
            sys.exit(f"unknown frame kind {kind} at byte {begin}")
        begin = cursor.at
    if header is None:
        sys.exit("the replay is truncated before the end of its header")
    found |= {"seed": header["seed"], "chain": chain.hex(), "complete": footer is not None}
    return found | (footer or {"truncated_at": begin})


if __name__ == "__main__":
    print(json.dumps(read(sys.stdin.buffer.read(), "--orders" in sys.argv[1:])))
