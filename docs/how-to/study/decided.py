#!/usr/bin/env python3
"""Finds when a run was decided: the study of docs/how-to/research.md, from the run to the picture.

    python3 docs/how-to/study/decided.py target/release/sector

Records a run, forks it at many ticks under many draws, writes decided.csv and decided.svg next to this file and puts the
table into docs/how-to/research.md. Needs only Python 3.9 and the `sector` command. The same engine writes the same
files, byte for byte.
"""

import csv
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

SEED = 7
TICKS = [0, 50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
REPLICATES = 200
# Changes of the winner's seat at the fork, besides none: its player becomes idle, or another strategy takes over.
CHANGES = ["idle", "greedy"]
HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "research.md"
BEGIN, END = "<!-- study: begin -->\n", "<!-- study: end -->\n"


def sector(command: str, *arguments: object) -> str:
    done = subprocess.run([command, *map(str, arguments)], check=True, capture_output=True, text=True)
    return done.stdout


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % bounds of a share, in percent."""
    z = 1.959964
    share, spread = hits / of, z * z / of
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / of + spread / of / 4)
    return tuple(100 * min(1, max(0, bound / (1 + spread))) for bound in (middle - half, middle + half))


def measure(command: str) -> tuple[dict, list[dict]]:
    with tempfile.TemporaryDirectory() as folder:
        replay = Path(folder) / "run.replay"
        run = json.loads(sector(command, "sim", "--seed", SEED, "--record", replay, "--json"))
        winner = run["winner"]
        rows = []
        for tick in [tick for tick in TICKS if tick < run["ticks"]]:
            for change in CHANGES:
                lines = sector(
                    command, "replay", "fork", replay, "--tick", tick, "--seat", f"{winner}={change}",
                    "--replicates", REPLICATES, "--json",
                ).splitlines()  # fmt: skip
                matches = [json.loads(line) for line in lines]
                # The unchanged arm is the same for every change, because the draws are.
                arms = ["recorded", "changed"] if change == CHANGES[0] else ["changed"]
                for arm in arms:
                    hits = sum(match["winner"] == winner for match in matches if match["arm"] == arm)
                    low, high = wilson(hits, REPLICATES)
                    player = "classic" if arm == "recorded" else change
                    rows.append(
                        {"tick": tick, "player": player, "wins": hits, "of": REPLICATES,
                         "low": f"{low:.1f}", "high": f"{high:.1f}"}
                    )  # fmt: skip
            print(f"tick {tick} of {run['ticks']}", file=sys.stderr)
    return run, rows


def table(run: dict, rows: list[dict]) -> str:
    players = ["classic", *CHANGES]
    heads = " | ".join(f"{run['winner']} = `{player}`" for player in players)
    text = (
        f"Run: seed {SEED}, five times `classic`, {run['ticks']} ticks, won by {run['winner']} "
        f"({run['cause'].replace('_', ' ')}), digest `{run['digest']}`. {REPLICATES} replicates a row and column.\n\n"
        f"| fork after tick | {heads} |\n"
        f"| --- |{' --- |' * len(players)}\n"
    )
    shares = {(row["tick"], row["player"]): row for row in rows}
    for tick in sorted({row["tick"] for row in rows}):
        cells = [shares[tick, player] for player in players]
        shown = [f"{100 * cell['wins'] / cell['of']:.1f} % ({cell['low']} – {cell['high']})" for cell in cells]
        text += f"| {tick} | {' | '.join(shown)} |\n"
    return text


def picture(run: dict, rows: list[dict]) -> str:
    width, height, left, right, top, bottom = 860, 430, 64, 190, 58, 52
    last = run["ticks"]
    colors = {"classic": "#5b8cff", "idle": "#e9981f", "greedy": "#2cc9b0"}
    dashes = {"classic": "", "idle": "7 4", "greedy": "2 4"}

    def x(tick: float) -> float:
        return left + (width - left - right) * tick / last

    def y(percent: float) -> float:
        return top + (height - top - bottom) * (1 - percent / 100)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        "font-family=\"'Segoe UI',Inter,'Noto Sans',Roboto,'Helvetica Neue','DejaVu Sans',sans-serif\" role=\"img\">",
        f"<title>How often {run['winner']} still wins when the run goes on from a tick under other draws</title>",
        f'<rect width="{width}" height="{height}" fill="#0b0a0c"/>',
        f'<text x="{left}" y="26" fill="#e9e1d1" font-size="16" font-weight="700">'
        f"How often {run['winner']} wins, played on from a tick under other draws</text>",
        f'<text x="{left}" y="44" fill="#ada393" font-size="12">seed {SEED} · {REPLICATES} replicates a point · '
        "bands: 95 % (Wilson)</text>",
    ]
    for percent in range(0, 101, 20):
        out.append(f'<path d="M{left} {y(percent):.1f}H{width - right}" stroke="#342d28"/>')
        out.append(
            f'<text x="{left - 8}" y="{y(percent) + 4:.1f}" fill="#ada393" font-size="11" text-anchor="end">'
            f"{percent} %</text>"
        )
    for tick in range(0, last + 1, 200 if last > 600 else 100):
        out.append(
            f'<text x="{x(tick):.1f}" y="{height - bottom + 20}" fill="#ada393" font-size="11" '
            f'text-anchor="middle">{tick}</text>'
        )
    out.append(
        f'<text x="{(left + width - right) / 2}" y="{height - 12}" fill="#ada393" font-size="12" '
        'text-anchor="middle">tick of the fork</text>'
    )
    # The share that luck alone gives one of five equal players.
    out.append(f'<path d="M{left} {y(20):.1f}H{width - right}" stroke="#ada393" stroke-dasharray="1 5"/>')
    for index, (player, color) in enumerate(colors.items()):
        points = [row for row in rows if row["player"] == player]
        if not points:
            continue
        upper = [f"{x(row['tick']):.1f} {y(float(row['high'])):.1f}" for row in points]
        lower = [f"{x(row['tick']):.1f} {y(float(row['low'])):.1f}" for row in reversed(points)]
        line = [f"{x(row['tick']):.1f} {y(100 * row['wins'] / row['of']):.1f}" for row in points]
        out.append(f'<path d="M{"L".join(upper + lower)}Z" fill="{color}" fill-opacity=".16"/>')
        out.append(
            f'<path d="M{"L".join(line)}" fill="none" stroke="{color}" stroke-width="2.2" '
            f'stroke-dasharray="{dashes[player]}"/>'
        )
        out += [f'<circle cx="{p.split()[0]}" cy="{p.split()[1]}" r="3" fill="{color}"/>' for p in line]
        label = top + 16 + 26 * index
        note = {"classic": "stays as it was", "idle": "falls asleep", "greedy": "another style"}[player]
        out.append(
            f'<path d="M{width - right + 16} {label - 4}h26" stroke="{color}" stroke-width="2.2" '
            f'stroke-dasharray="{dashes[player]}"/>'
            f'<text x="{width - right + 50}" y="{label}" fill="#e9e1d1" font-size="12">{player} '
            f'<tspan fill="#ada393">{note}</tspan></text>'
        )
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run, rows = measure(sys.argv[1])
    with (HERE / "decided.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (HERE / "decided.svg").write_text(picture(run, rows))
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + table(run, rows) + END + after)
    print(table(run, rows))


main()
