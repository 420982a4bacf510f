//! `cargo xtask bots`: writes the table of strategies and example bots in docs/how-to/bots.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Result, cargo, program, root, run};

/// Document with the table, and the lines around it.
const PAGE: &str = "docs/how-to/bots.md";
const BEGIN: &str = "<!-- bots -->\n";
const END: &str = "<!-- /bots -->";
/// Strategies of the engine.
const BUILT_IN: &str = "classic,greedy,turtle,raider,lookahead,random,idle";
/// Rust examples; each has a program with the suffix `-bot`. Without `llm`, whose strength depends
/// on its model.
const EXAMPLES: [&str; 5] = ["hello", "greedy", "defender", "lookahead", "scripted"];
/// The Python example.
const PYTHON: &str = "python-http";
/// Time limit per answer: generous, so that games are the same on a busy machine.
const TURN_MS: &str = "60000";

/// Plays duels, resuming an interrupted run, and writes the table.
pub(crate) fn table(games: u64) -> Result {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let (programs, directory) = (target.join("release"), target.join("bots-table"));
    let crates: Vec<String> = EXAMPLES.iter().map(|example| format!("{example}-bot")).collect();
    let mut build = vec!["build", "--release", "--locked", "--package", "sector"];
    build.extend(crates.iter().flat_map(|name| ["--package", name]));
    run("build of sector and the examples", &mut cargo(&build))?;

    let mut players = BUILT_IN.to_owned();
    for name in &crates {
        _ = write!(players, ",{name}=exec:'{}' stdio", programs.join(name).display());
    }
    _ = write!(players, ",{PYTHON}=exec:python3 examples/{PYTHON}/bot.py --stdio");
    let mut arena = program(programs.join("sector"), "");
    arena.args([
        "arena",
        "--seats",
        "2",
        "--turn-ms",
        TURN_MS,
        "--games",
        &games.to_string(),
        "--players",
        &players,
    ]);
    run("the games", arena.arg("--out").arg(&directory))?;

    let summary = directory.join("summary.json");
    let text =
        fs::read_to_string(&summary).map_err(|error| format!("{}: {error}", summary.display()))?;
    let summary: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", summary.display()))?;
    write_into(&root().join(PAGE), &rows(&summary))
}

fn rows(summary: &Value) -> String {
    let mut table = String::from(
        "| player | games | won, % (95 %) | mean place | rating (95 %) |\n|---|---|---|---|---|\n",
    );
    for player in summary["players"].as_array().into_iter().flatten() {
        let name = player["name"].as_str().unwrap_or_default();
        let directory = name.strip_suffix("-bot").filter(|name| EXAMPLES.contains(name));
        let shown = match directory.or((name == PYTHON).then_some(PYTHON)) {
            Some(directory) => format!("[`{name}`](../../examples/{directory})"),
            None => format!("`{name}`"),
        };
        let number = |of: &Value| of.as_f64().unwrap_or_default();
        let (wins, rating) = (&player["wins"], &player["rating"]);
        let [share, low, high] = ["share", "low", "high"].map(|field| number(&wins[field]) * 100.0);
        let [mean, least, most] = ["rating", "low", "high"].map(|field| number(&rating[field]));
        let place = number(&player["mean_place"]);
        _ = writeln!(
            table,
            "| {shown} | {} | {share:.1} ({low:.1} to {high:.1}) | {place:.2} | {mean:.1} ({least:.1} to {most:.1}) |",
            wins["of"]
        );
    }
    let [games, maps, others] = [&summary["games"], &summary["maps"], &summary["others"]["count"]];
    _ = writeln!(
        table,
        "\n{games} games on {maps} maps; the League or a splinter won {others} of them."
    );
    table
}

fn write_into(page: &Path, table: &str) -> Result {
    let told = |error: std::io::Error| format!("{}: {error}", page.display());
    let text = fs::read_to_string(page).map_err(told)?;
    let split =
        text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        split.ok_or_else(|| format!("{} has no place for the table", page.display()))?;
    fs::write(page, format!("{before}{BEGIN}{table}{END}{after}")).map_err(told)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_names_the_player_and_how_good_it_is() {
        let player = |name: &str| {
            json!({ "name": name, "mean_place": 1.25, "wins": { "of": 8, "share": 0.75, "low": 0.4, "high": 0.9 },
                    "rating": { "rating": 30.04, "low": 28.0, "high": 32.0 } })
        };
        let players = [player("greedy"), player("greedy-bot"), player(PYTHON)];
        let table =
            rows(&json!({ "players": players, "games": 12, "maps": 6, "others": { "count": 1 } }));
        let numbers = "| 8 | 75.0 (40.0 to 90.0) | 1.25 | 30.0 (28.0 to 32.0) |";
        for name in [
            "`greedy`",
            "[`greedy-bot`](../../examples/greedy)",
            "[`python-http`](../../examples/python-http)",
        ] {
            assert!(table.contains(&format!("| {name} {numbers}\n")), "{table}");
        }
        assert!(
            table.ends_with("\n12 games on 6 maps; the League or a splinter won 1 of them.\n"),
            "{table}"
        );
    }
}
