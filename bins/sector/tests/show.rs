//! `sector replay show` as its users run it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn sector(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sector"));
    let Output { status, stdout, stderr } =
        command.current_dir(folder).args(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn recorded(ticks: &str, more: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["sim", "--seed", "7", "--ticks", ticks, "--record", "run.replay"];
    let (code, _, stderr) = sector(folder.path(), &[&arguments, more].concat());
    assert_eq!(code, 0, "{stderr}");
    folder
}

#[test]
fn the_map_fits_its_width_and_has_no_colours_in_a_pipe() {
    let folder = recorded("150", &[]);
    for width in [40, 80, 133] {
        let width_text = width.to_string();
        let (code, map, stderr) = sector(
            folder.path(),
            &["replay", "show", "run.replay", "--tick", "150", "--width", &width_text],
        );
        assert_eq!(code, 0, "{stderr}");
        assert!(!map.contains('\x1b'));
        assert!(map.lines().all(|line| line.chars().count() <= width), "{width}:\n{map}");
        assert!(map.contains("tick 150") && map.contains("●F"), "{map}");
    }
}

/// Every lane, system and owner is in the picture; it is well formed and needs nothing from
/// outside.
#[test]
fn the_picture_stands_for_itself() {
    let folder = recorded("150", &[]);
    let (code, said, stderr) = sector(
        folder.path(),
        &["replay", "show", "run.replay", "--tick", "100", "--svg", "map.svg"],
    );
    assert_eq!((code, said.trim()), (0, "tick 100 drawn in map.svg"), "{stderr}");
    let picture = std::fs::read_to_string(folder.path().join("map.svg")).unwrap();
    assert!(picture.starts_with("<svg xmlns=") && picture.trim_end().ends_with("</svg>"));
    assert_eq!(picture.matches(", value ").count(), 30);
    for outside in ["<script", "<image", "href=", "@import", "url(http"] {
        assert!(!picture.contains(outside), "{outside}");
    }
    assert_eq!(picture.matches('<').count(), picture.matches('>').count());
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
    let (_, other, _) = sector(
        folder.path(),
        &["replay", "show", "run.replay", "--tick", "100", "--svg", "same.svg"],
    );
    assert!(other.contains("same.svg"));
    assert_eq!(std::fs::read_to_string(folder.path().join("same.svg")).unwrap(), picture);
}

#[test]
fn large_sectors_are_drawn_as_well() {
    let folder = recorded("20", &["--systems", "2000", "--factions", "12"]);
    let (code, map, stderr) =
        sector(folder.path(), &["replay", "show", "run.replay", "--width", "100"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(map.lines().all(|line| line.chars().count() <= 100));
    let (code, _, stderr) =
        sector(folder.path(), &["replay", "show", "run.replay", "--svg", "map.svg"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(std::fs::metadata(folder.path().join("map.svg")).unwrap().len() < 3_000_000);
}

#[test]
fn what_cannot_be_shown_is_told() {
    let folder = recorded("150", &[]);
    let (code, _, stderr) =
        sector(folder.path(), &["replay", "show", "run.replay", "--tick", "151"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("151") && stderr.contains("150"), "{stderr}");
    assert_eq!(sector(folder.path(), &["replay", "show", "run.replay", "--width", "20"]).0, 2);
    let (code, _, stderr) = sector(
        folder.path(),
        &["replay", "show", "run.replay", "--tick", "151", "--svg", "never.svg"],
    );
    assert_eq!(code, 1, "{stderr}");
    assert!(!folder.path().join("never.svg").exists());
}
