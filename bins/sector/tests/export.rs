//! `sector replay export` as its users run it: whole folders or none, tables that fit each other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn sector(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_sector"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A folder with a recorded run of 300 ticks in it.
fn recorded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["sim", "--seed", "7", "--ticks", "300", "--record", "run.replay"];
    let (code, _, stderr) = sector(folder.path(), &arguments);
    assert_eq!(code, 0, "{stderr}");
    folder
}

fn export(folder: &Path, more: &[&str]) -> (i32, String, String) {
    sector(folder, &[&["replay", "export", "run.replay", "--out", "tables"], more].concat())
}

fn lines(path: PathBuf) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A small reader of CSV, so that what is written is not read by what wrote it: missing values are
/// none.
fn csv(path: PathBuf) -> Vec<Vec<Option<String>>> {
    let text = std::fs::read_to_string(path).unwrap();
    let (mut rows, mut row, mut field, mut quoted, mut was_quoted) =
        (Vec::new(), Vec::new(), String::new(), false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => (quoted, was_quoted) = (!quoted, true),
            ',' | '\n' if !quoted => {
                let value = std::mem::take(&mut field);
                row.push(if value.is_empty() && !was_quoted { None } else { Some(value) });
                was_quoted = false;
                if character == '\n' {
                    rows.push(std::mem::take(&mut row));
                }
            }
            other => field.push(other),
        }
    }
    assert!(row.is_empty() && field.is_empty() && !quoted, "the last line is whole");
    rows
}

#[test]
fn csv_and_json_lines_hold_the_same_and_fit_their_schema() {
    let folder = recorded();
    for format in ["csv", "jsonl"] {
        let (code, _, stderr) = sector(
            folder.path(),
            &["replay", "export", "run.replay", "--format", format, "--out", format],
        );
        assert_eq!(code, 0, "{stderr}");
    }
    let schema: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("jsonl/schema.json")).unwrap())
            .unwrap();
    assert_eq!(schema.as_array().unwrap().len(), 9);
    for table in schema.as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let columns = table["columns"].as_array().unwrap();
        let objects = lines(folder.path().join(format!("jsonl/{name}.jsonl")));
        let mut rows = csv(folder.path().join(format!("csv/{name}.csv"))).into_iter();
        let names: Vec<Option<String>> = columns
            .iter()
            .map(|column| Some(column["name"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(rows.next().unwrap(), names);
        assert_eq!(objects.len(), rows.len(), "{name}");
        assert_eq!(objects.len() as u64, table["rows"], "{name}");
        for (object, row) in objects.iter().zip(rows) {
            assert_eq!(object.as_object().unwrap().len(), columns.len(), "{object}");
            for (column, field) in columns.iter().zip(row) {
                let value = &object[column["name"].as_str().unwrap()];
                let wanted = match value {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                };
                assert_eq!(field, wanted, "{name}: {object}");
                let fits = match column["type"].as_str().unwrap() {
                    "integer" => value.is_i64(),
                    "boolean" => value.is_boolean(),
                    _ => value.is_string(),
                };
                assert!(
                    fits || value.is_null() && column["nullable"] == true,
                    "{name}: {column} {value}"
                );
            }
        }
    }
}

#[test]
fn tables_tell_what_happened() {
    let folder = recorded();
    assert_eq!(export(folder.path(), &["--format", "jsonl"]).0, 0);
    let table = |name: &str| lines(folder.path().join(format!("tables/{name}.jsonl")));
    let (_, info, _) = sector(folder.path(), &["replay", "info", "run.replay", "--json"]);
    let info: Value = serde_json::from_str(&info).unwrap();
    let run = &table("run")[0];
    for (column, value) in
        [("ticks", &info["ticks"]), ("orders", &info["orders"]), ("digest", &info["digest"])]
    {
        assert_eq!(&run[column], value, "{column}");
    }
    assert_eq!(run["is_complete"], true);
    assert_eq!(table("orders").len() as u64, info["orders"]);

    // The owners that follow from the changes give the values of the factions, tick by tick.
    let values: BTreeMap<i64, i64> = table("systems")
        .iter()
        .map(|row| (row["system"].as_i64().unwrap(), row["value"].as_i64().unwrap()))
        .collect();
    let mut changes: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    for row in table("ticks_systems") {
        changes.entry(row["tick"].as_i64().unwrap()).or_default().push(row);
    }
    let mut owners: BTreeMap<i64, String> = BTreeMap::new();
    let factions = table("ticks_factions");
    for tick in 0..=300 {
        for row in changes.remove(&tick).unwrap_or_default() {
            let system = row["system"].as_i64().unwrap();
            match row["owner"].as_str() {
                Some(owner) => owners.insert(system, owner.to_owned()),
                None => owners.remove(&system),
            };
        }
        for row in factions.iter().filter(|row| row["tick"] == tick) {
            let owned = owners.iter().filter(|(_, owner)| row["faction"] == owner.as_str());
            assert_eq!(
                owned.map(|(system, _)| values[system]).sum::<i64>(),
                row["value"].as_i64().unwrap(),
                "{row}"
            );
        }
    }
    // Captures among the events are the changes of owner by force.
    let events = table("events");
    assert!(
        events
            .iter()
            .any(|row| row["type"] == "captured" && row["text"].as_str().unwrap().ends_with('.'))
    );
    let battles = events.iter().filter(|row| row["type"] == "battle").count();
    assert_eq!(battles, table("battles").len());
    assert!(battles > 0);
}

#[test]
fn every_so_many_ticks_all_systems_have_a_row() {
    let folder = recorded();
    assert_eq!(
        export(folder.path(), &["--format", "csv", "--every", "100", "--tables", "ticks_systems"])
            .0,
        0
    );
    let rows = csv(folder.path().join("tables/ticks_systems.csv"));
    assert_eq!(rows.len(), 1 + 4 * 30);
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("tables"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["schema.json", "ticks_systems.csv"]);
}

#[test]
fn what_cannot_be_exported_leaves_nothing_behind() {
    let folder = recorded();
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    let bytes = std::fs::read(folder.path().join("run.replay")).unwrap();

    // A file that is no replay, and none at all.
    std::fs::write(folder.path().join("run.replay"), b"no replay").unwrap();
    let (code, _, stderr) = export(folder.path(), &["--format", "csv"]);
    assert_eq!((code, stderr.contains("run.replay")), (1, true), "{stderr}");
    std::fs::remove_file(folder.path().join("run.replay")).unwrap();
    assert_eq!(export(folder.path(), &["--format", "csv"]).0, 1);
    std::fs::write(folder.path().join("run.replay"), &bytes).unwrap();

    // A wrong word, and a folder nobody can write to.
    assert_eq!(export(folder.path(), &["--format", "xml"]).0, 2);
    assert_eq!(export(folder.path(), &["--tables", "fleets"]).0, 2);
    let (code, _, stderr) = sector(
        folder.path(),
        &["replay", "export", "run.replay", "--format", "csv", "--out", "no/such/place"],
    );
    assert_eq!((code, stderr.contains("no/such/place")), (1, true), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);

    // A folder that holds something stays as it is.
    std::fs::create_dir(folder.path().join("tables")).unwrap();
    std::fs::write(folder.path().join("tables/notes.txt"), "mine").unwrap();
    let (code, _, stderr) = export(folder.path(), &["--format", "csv"]);
    assert_eq!((code, stderr.contains("not empty")), (1, true), "{stderr}");
    assert_eq!(std::fs::read_dir(folder.path().join("tables")).unwrap().count(), 1);
}

#[test]
fn a_replay_that_breaks_off_is_exported_up_to_there() {
    let folder = recorded();
    let path = folder.path().join("run.replay");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let (code, _, stderr) = export(folder.path(), &["--format", "jsonl"]);
    assert_eq!(code, 0, "{stderr}");
    let run = &lines(folder.path().join("tables/run.jsonl"))[0];
    let ticks = run["ticks"].as_u64().unwrap();
    assert!((1..300).contains(&ticks), "{ticks}");
    assert_eq!(run["is_complete"], false);
}

/// What an engine with other rules recorded cannot be played, but the orders are there.
#[test]
fn orders_of_other_rules_can_be_exported() {
    let folder = tempfile::tempdir().unwrap();
    let old = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../sector-sim/tests/data/replays/v1-standard.jsonl"
    );
    std::fs::copy(old, folder.path().join("run.replay")).unwrap();
    let (code, _, stderr) = export(folder.path(), &["--format", "jsonl"]);
    assert_eq!((code, stderr.contains("--tables run,orders")), (1, true), "{stderr}");
    let (code, _, stderr) = export(folder.path(), &["--format", "jsonl", "--tables", "run,orders"]);
    assert_eq!(code, 0, "{stderr}");
    let (run, orders) = (
        lines(folder.path().join("tables/run.jsonl")),
        lines(folder.path().join("tables/orders.jsonl")),
    );
    assert!(!orders.is_empty());
    assert_eq!(run[0]["orders"], orders.len());
    assert!(
        orders.iter().all(|order| order["is_applied"].is_null() && order["faction"].is_string())
    );
}
