"""Loads what `sector replay export` wrote, in every format, and compares it with the schema, with `sector replay info`
and with the lines of JSON read without any data frame.

    tables.py INFO.json DIR_PARQUET DIR_CSV DIR_JSONL
"""

import json
import sys
from pathlib import Path

import polars as pl

TYPES = {"integer": pl.Int64, "boolean": pl.Boolean, "text": pl.String}


def load(folder: Path, table: dict) -> pl.DataFrame:
    path = folder / table["file"]
    schema = {column["name"]: TYPES[column["type"]] for column in table["columns"]}
    match path.suffix:
        # Parquet brings its own types: nothing is said here, so that they are put to the test.
        case ".parquet":
            return pl.read_parquet(path)
        case ".csv":
            return pl.read_csv(path, schema=schema)
        case ".jsonl":
            return pl.read_ndjson(path, schema=schema)
    raise ValueError(path)


def check(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(f"tables.py: {message}")


def check_table(folder: Path, table: dict) -> pl.DataFrame:
    frame = load(folder, table)
    where = f"{folder.name}/{table['file']}"
    wanted = {column["name"]: TYPES[column["type"]] for column in table["columns"]}
    check(dict(frame.schema) == wanted, f"{where}: the columns are {frame.schema}, not {wanted}")
    check(frame.height == table["rows"], f"{where}: {frame.height} rows, not {table['rows']}")
    for column in table["columns"]:
        missing = frame[column["name"]].null_count()
        check(column["nullable"] or missing == 0, f"{where}: {column['name']} lacks {missing} values")
    return frame


def plain_sums(path: Path, table: dict) -> dict:
    """The sum of each column of integers and the count of each column's nulls, from the JSON itself."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    sums = {}
    for column in table["columns"]:
        name = column["name"]
        values = [row[name] for row in rows if row[name] is not None]
        sums[name] = (sum(values) if column["type"] == "integer" else None, len(rows) - len(values))
    return sums


def frame_sums(frame: pl.DataFrame) -> dict:
    return {
        series.name: (series.sum() if series.dtype == pl.Int64 else None, series.null_count()) for series in frame
    }


def check_relations(tables: dict[str, pl.DataFrame], info: dict) -> None:
    """What the tables say of each other, and of what the replay itself says."""
    run = tables["run"].row(0, named=True)
    header = info["header"]
    check(run["seed"] == header["seed"], "run.seed is not that of the header")
    check(run["ticks"] == info["ticks"], "run.ticks is not that of the replay")
    check(run["orders"] == info["orders"] == tables["orders"].height, "the orders are not those of the replay")
    check(run["digest"] == info["digest"], "run.digest is not that of the replay")
    check(tables["systems"].height == run["system_count"] == header["systems"], "there are other systems")

    factions = tables["ticks_factions"]
    check(factions["tick"].max() == run["ticks"], "ticks_factions ends elsewhere")
    check(factions["tick"].n_unique() == run["ticks"] + 1, "ticks_factions lacks ticks")
    systems = tables["ticks_systems"]
    check(systems.filter(pl.col("tick") == 0).height == run["system_count"], "ticks_systems lacks systems at tick 0")

    # Who owns what follows from the rows of changes, and gives the value of each faction.
    last = systems.sort("tick").group_by("system").last().join(tables["systems"], on="system")
    owned = last.filter(pl.col("owner").is_not_null()).group_by("owner").agg(pl.col("value").sum())
    final = factions.filter((pl.col("tick") == run["ticks"]) & (pl.col("value") > 0))
    check(
        dict(owned.iter_rows()) == dict(final.select("faction", "value").iter_rows()),
        "the owners in ticks_systems do not give the values in ticks_factions",
    )
    battles = tables["events"].filter(pl.col("type") == "battle").height
    check(battles == tables["battles"].height, "battles and events tell of different battles")
    check(tables["battles"].height > 0, "a run without battles puts nothing to the test")
    winners = tables["factions"].filter("is_winner")["faction"].to_list()
    check(winners == ([run["winner"]] if run["winner"] else []), "somebody else has won")


def main() -> None:
    info = json.loads(Path(sys.argv[1]).read_text())
    folders = [Path(folder) for folder in sys.argv[2:]]
    frames = {}
    for folder in folders:
        schema = json.loads((folder / "schema.json").read_text())
        tables = {table["name"]: check_table(folder, table) for table in schema}
        check_relations(tables, info)
        frames[folder] = tables
        if folder == folders[-1]:
            for table in schema:
                plain = plain_sums(folder / table["file"], table)
                for other in folders:
                    found = frame_sums(frames[other][table["name"]])
                    check(found == plain, f"{other.name}/{table['name']}: {found}, but the JSON has {plain}")
    first = frames[folders[0]]
    for folder in folders[1:]:
        for name, frame in frames[folder].items():
            check(frame.equals(first[name]), f"{folder.name} and {folders[0].name} differ in {name}")
    rows = sum(frame.height for frame in first.values())
    print(f"{len(first)} tables, {rows} rows, alike in {len(folders)} formats")


main()
