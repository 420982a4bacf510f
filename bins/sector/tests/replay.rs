//! `sector replay` and `sector sim --record` as their users run them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn output(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sector")).args(arguments).output().unwrap();
    let Output { status, stdout, stderr } = output;
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// What a command prints that goes well.
fn good(arguments: &[&str]) -> String {
    let (status, out, error) = output(arguments);
    assert_eq!((status, error.as_str()), (0, ""), "{arguments:?}: {out}");
    out
}

/// The one sentence of a command that fails for what it was given.
fn refused(arguments: &[&str]) -> String {
    let (status, out, error) = output(arguments);
    assert_eq!((status, error.lines().count()), (1, 1), "{arguments:?}: {out}{error}");
    error
}

/// A folder with replays in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Records a small match.
    fn record(&self, name: &str, extra: &[&str]) -> String {
        let file = self.path(name);
        let small =
            ["sim", "--systems", "12", "--factions", "3", "--ticks", "250", "--started-ms", "1"];
        good(&[&small, extra, &["--record", &file]].concat());
        file
    }
}

/// The plain form of a replay.
fn plain(file: &str) -> Vec<u8> {
    zstd::decode_all(fs::File::open(file).unwrap()).unwrap()
}

fn golden(name: &str) -> String {
    let folder: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "sector-sim", "tests", "data", "replays"]
            .iter()
            .collect();
    folder.join(name).to_str().unwrap().to_owned()
}

/// The value behind a name at the begin of a line.
fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).trim()
}

/// How many ticks a replay has.
fn ticks(file: &str) -> u64 {
    serde_json::from_str::<Value>(&good(&["replay", "info", "--json", file])).unwrap()["ticks"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_recorded_match_verifies_compressed_and_plain() {
    let folder = Folder::new();
    let file = folder.record("a.replay", &["--seed", "3"]);
    let again = folder.record("again.replay", &["--seed", "3"]);
    assert_eq!(
        fs::read(&file).unwrap(),
        fs::read(again).unwrap(),
        "the same match, the same bytes"
    );
    let verified = good(&["replay", "verify", &file]);
    let ticks = ticks(&file);
    assert!(ticks > 100, "{ticks}");
    assert!(line(&verified, "verified").starts_with(&format!("{ticks} ticks with ")), "{verified}");
    assert_eq!(line(&verified, "complete"), "yes");
    let plain = folder.write("plain", &plain(&file));
    let other = good(&["replay", "verify", &plain]);
    for name in ["digest", "chain", "result"] {
        assert_eq!(line(&verified, name), line(&other, name));
    }
    let sum: Value = serde_json::from_str(&good(&["replay", "info", "--json", &file])).unwrap();
    assert_eq!(sum["digest"], line(&verified, "digest"));
    assert_eq!(sum["chain"], line(&verified, "chain"));
    assert_eq!(
        (sum["header"]["seed"].as_u64(), sum["header"]["started_ms"].as_u64()),
        (Some(3), Some(1))
    );
    assert_eq!(
        (sum["keyframes"].as_u64(), sum["states"].as_u64()),
        (Some(1 + ticks / 100), Some(1))
    );
    assert_eq!(sum["header"]["seats"][3]["faction"], "L1");
    let told = good(&["replay", "info", &file]);
    assert_eq!(line(&told, "started"), "1970-01-01 00:00:00 UTC");
    assert_eq!(line(&told, "size"), "12 systems, 3 factions");

    let states = folder.record("states.replay", &["--seed", "3", "--keyframes", "50"]);
    let sum: Value = serde_json::from_str(&good(&["replay", "info", "--json", &states])).unwrap();
    assert_eq!(
        (sum["keyframes"].as_u64(), sum["states"].as_u64()),
        (Some(1 + ticks / 50), Some(1 + ticks / 50))
    );
    good(&["replay", "verify", &states]);
    assert_eq!(output(&["sim", "--keyframes", "50"]).0, 2, "there is nothing to put them into");
}

#[test]
fn version_1_is_read() {
    let told = good(&["replay", "info", &golden("v1-small.jsonl")]);
    assert_eq!(line(&told, "format"), "sector-replay, version 1");
    assert!(line(&told, "ticks").starts_with("80, "), "{told}");
    let error = refused(&["replay", "verify", &golden("v1-small.jsonl")]);
    assert!(
        error.contains(
            "v1-small.jsonl: the replay was recorded under rules version 1; this engine supports version"
        ),
        "{error}"
    );
}

#[test]
fn what_breaks_off_is_read_up_to_there() {
    let folder = Folder::new();
    let file = folder.record("a.replay", &["--seed", "3"]);
    let (whole, plain, all) = (fs::read(&file).unwrap(), plain(&file), ticks(&file));
    for (name, bytes) in
        [("zstd", &whole[..whole.len() * 9 / 10]), ("plain", &plain[..plain.len() * 9 / 10])]
    {
        let cut = folder.write(name, bytes);
        let (status, out, error) = output(&["replay", "verify", &cut]);
        assert_eq!(status, 1);
        assert_eq!(line(&out, "complete"), "no, it is truncated");
        let ticks: u64 = line(&out, "verified").split(' ').next().unwrap().parse().unwrap();
        assert!((1..all).contains(&ticks), "{out}");
        assert!(error.contains(&format!("{cut}: the replay is truncated at byte ")), "{error}");
        assert!(error.contains(&format!("after tick {ticks}; it is valid up to there")), "{error}");
        let told = good(&["replay", "info", &cut]);
        assert!(line(&told, "complete").starts_with("no, truncated at byte "), "{told}");
        assert!(line(&told, "ticks").starts_with(&format!("{ticks}, ")), "{told}");
    }
    let early = folder.write("early", &whole[..20]);
    assert!(
        refused(&["replay", "info", &early]).contains("the zstd stream is truncated at its start")
    );
    let early = folder.write("early", &plain[..200]);
    assert!(
        refused(&["replay", "info", &early])
            .contains("frame 0 (at byte 9, after tick 0): the replay ends within its header")
    );
}

#[test]
fn what_is_no_good_replay_is_refused_by_name_and_place() {
    let folder = Folder::new();
    let file = folder.record("a.replay", &["--seed", "3"]);
    let (whole, plain) = (fs::read(&file).unwrap(), plain(&file));
    let changed = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x55;
        bytes
    };
    // Orders come after the state of tick 0, of which the largest part is.
    let altered = folder.write("altered", &changed(&plain, plain.len() - 1_500));
    // Valid frames, far more of them than anybody has use for: a tick frame of nothing but zeros is
    // none.
    let bomb = folder.write(
        "bomb",
        &zstd::encode_all(&[plain.clone(), vec![0; 50_000_000]].concat()[..], 3).unwrap(),
    );
    let cases = [
        (folder.write("empty", b""), "not a replay: no data"),
        (
            folder.write("text", b"hello"),
            "the first bytes are 68 65 6c 6c 6f; a replay begins with",
        ),
        (
            folder.write("garbage", b"\x28\xb5\x2f\xfdgarbage"),
            "the zstd stream is damaged after 0 uncompressed bytes",
        ),
        (folder.write("damaged", &changed(&whole, whole.len() - 700)), "damaged: "),
        (altered, "altered: "),
        (folder.write("version", &changed(&plain, 8)), "version 87; supported is"),
        (
            folder.write("claims", b"\x89SECTOR\n\x02\x01\xff\xff\xff\xff\x7f"),
            "allowed are 0 to 1048576",
        ),
        (
            folder.write("seed", br#"{"format":"sector-replay","version":1,"seed":-1}"#),
            "line 1 of the replay is invalid",
        ),
        (bomb, "bytes after the footer"),
        (folder.0.path().to_str().unwrap().to_owned(), "cannot be read: Is a directory"),
        (folder.path("nowhere"), "cannot be read: No such file"),
    ];
    for (file, told) in cases {
        for command in ["verify", "info"] {
            let error = refused(&["replay", command, &file]);
            assert!(error.contains(told) && error.contains(&file), "{command}: {error}");
        }
        assert!(refused(&["replay", "diff", &file, &file]).contains(told));
        assert!(refused(&["replay", "bisect", &file, &file]).contains(told));
        assert!(refused(&["replay", "state", &file, "--tick", "0"]).contains(told));
    }
    let none = folder.path("folder/none.replay");
    assert!(refused(&["sim", "--record", &none]).contains("none.replay cannot be written"));
    assert!(!Path::new(&none).exists());
    let error = refused(&["replay", "state", &file, "--tick", "9999"]);
    assert!(
        error.contains(&format!("there is no tick 9999; the ticks are 0 to {}", ticks(&file))),
        "{error}"
    );
    assert_eq!(output(&["replay", "bisect", &file]).0, 2, "a second replay is missing");
}

#[test]
fn differences_are_named() {
    let folder = Folder::new();
    let one = folder.record("one", &["--seed", "3"]);
    let same = folder.record("same", &["--seed", "3"]);
    let last = ticks(&one);
    let other = folder.record("other", &["--seed", "3", "--players", "classic,random"]);
    assert!(
        good(&["replay", "diff", &one, &same])
            .starts_with(&format!("the replays are equal: {last} ticks, "))
    );
    let told = good(&["replay", "diff", &one, &other, "--limit", "3"]);
    assert!(told.starts_with("header seats 1 player: \"classic\" vs \"random\"\n"), "{told}");
    assert!(
        told.contains("\norders: differ in ") && told.contains("\ndigests: differ in "),
        "{told}"
    );
    assert!(told.contains("\n  ... and "), "{told}");

    let told = good(&["replay", "bisect", &one, &same]);
    assert!(told.contains(&format!("equal states in all common ticks, 0 to {last}, as")), "{told}");
    let told = good(&["replay", "bisect", &one, &other]);
    assert!(told.contains("first different orders in tick "), "{told}");
    let found =
        told.lines().find(|line| line.starts_with("first different state after tick ")).unwrap();
    let tick: u64 = found.split(' ').nth(5).unwrap().trim_end_matches(',').parse().unwrap();
    // The states before are the same, and those after are not: what was found is the first tick.
    let state = |file: &str, tick: u64| -> Value {
        let text = good(&["replay", "state", file, "--tick", &tick.to_string()]);
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(state(&one, tick - 1), state(&other, tick - 1));
    assert_ne!(state(&one, tick)["digest"], state(&other, tick)["digest"]);
    assert!(
        told.lines().any(|line| line.starts_with("  fleet ") || line.starts_with("  system ")),
        "{told}"
    );
    assert_eq!(good(&["replay", "state", &one, "--digests"]).lines().count() as u64, last + 1);
}

/// Another build that plays otherwise: it asks this one, and changes what it answers from a tick
/// on.
#[test]
fn a_build_that_plays_otherwise_is_found_out() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let file = folder.record("a.replay", &["--seed", "3"]);
    let sector = env!("CARGO_BIN_EXE_sector");
    let told = good(&["replay", "bisect", &file, "--with", sector]);
    assert!(
        told.contains(&format!("both builds play equal states in ticks 0 to {}", ticks(&file))),
        "{told}"
    );
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--digests*) {sector} \"$@\" | sed '58,$s/^../00/' ;;\n*) {sector} \"$@\" | sed 's/\"next_fleet_id\":[0-9]*/\"next_fleet_id\":99999/' ;;\nesac\n"
    );
    let other = folder.write("other", script.as_bytes());
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    let told = good(&["replay", "bisect", &file, "--with", &other]);
    assert!(told.contains("this build plays as recorded"), "{told}");
    assert!(told.contains("other differs from the record after tick 57"), "{told}");
    assert!(
        told.contains("first different state after tick 57, this build vs the other:"),
        "{told}"
    );
    assert!(
        told.lines().any(|line| line.starts_with("  sector next_fleet_id: ") && line.ends_with(" vs 99999")),
        "{told}"
    );
    let error = refused(&["replay", "bisect", &file, "--with", &folder.path("none")]);
    assert!(error.contains("none: No such file"), "{error}");
    assert!(
        refused(&["replay", "bisect", &file, "--with", "/bin/false"])
            .contains("/bin/false failed at")
    );
}

/// The reader that was written from the description alone finds what the command finds.
#[test]
fn another_language_reads_the_same() {
    let folder = Folder::new();
    let reader: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/read_replay.py");
    let file = folder
        .record("a.replay", &["--seed", "5", "--keyframes", "40", "--players", "classic,random"]);
    let bytes = plain(&file);
    let read = |bytes: &[u8], extra: &[&str]| {
        let mut python = Command::new("python3");
        python.arg(&reader).args(extra).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let text = read(&bytes, &["--orders"]);
    let found: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let info: Value = serde_json::from_str(&good(&["replay", "info", "--json", &file])).unwrap();
    for name in ["ticks", "orders", "keyframes", "digest", "chain", "complete", "result"] {
        assert_eq!(found[name], info[name], "{name}");
    }
    assert_eq!(found["refused"], info["refused_orders"]);
    assert_eq!(text.lines().count() as u64, info["orders"].as_u64().unwrap() + 1);
    assert!(info["orders"].as_u64().unwrap() > 20);
    let cut = read(&bytes[..bytes.len() - 10], &[]);
    let cut: Value = serde_json::from_str(cut.trim()).unwrap();
    assert_eq!((&cut["complete"], &cut["ticks"]), (&Value::Bool(false), &found["ticks"]));
}
