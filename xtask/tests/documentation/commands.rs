//! Every command that the documentation names is one, with flags that it has.

use clap::Command;

use crate::{pages, root};

/// What stands before the arguments of `sector`, in the clone, in a container and installed.
const CALLS: [&str; 5] = [
    "cargo run --release -- ",
    "cargo run --release --features parquet -- ",
    "docker compose run --rm tools ",
    "target/release/sector ",
    "sector ",
];

/// Folders of the documentation whose commands are checked.
const FOLDERS: [&str; 5] = ["tutorials", "how-to", "reference", "explanation", "runbooks"];

/// The commands of a page: lines of shell, and code within text.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut fence = None;
    for line in page.replace("\\\n", " ").lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = match fence {
                None => Some(matches!(language.trim(), "" | "sh" | "console")),
                Some(_) => None,
            };
        } else if fence == Some(true) {
            // What is behind a mark is for the reader, and a line can have several commands.
            let line = line.split(" #").next().unwrap_or_default();
            commands
                .extend(line.split(['|', ';', '&', '(', ')']).map(|part| part.trim().to_owned()));
        } else if fence.is_none() {
            commands.extend(line.split('`').skip(1).step_by(2).map(|part| part.trim().to_owned()));
        }
    }
    commands
}

/// The arguments for `sector`, if that is what is called.
fn arguments(command: &str) -> Option<&str> {
    let arguments = CALLS.iter().find_map(|call| command.strip_prefix(call))?;
    // Not `sector up's` and other prose, and no name of something else, such as `sector doctor`'s
    // lines.
    arguments
        .starts_with(|first: char| first.is_ascii_lowercase() || first == '-')
        .then_some(arguments)
}

/// What is wrong with the arguments: a subcommand or a flag that is not there. Values are the
/// reader's business.
fn fault(root: &Command, arguments: &str) -> Option<String> {
    let mut command = root;
    // What is in quotes is a value.
    let bare = arguments.split('"').step_by(2).collect::<Vec<_>>().join("x");
    let mut words = bare.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(flag) = word.strip_prefix("--") {
            let name = flag.split('=').next().unwrap_or_default();
            let known = command.get_arguments().find(|argument| argument.get_long() == Some(name));
            match known {
                None => return Some(format!("{} has no --{name}", command.get_name())),
                Some(argument) => {
                    let wants = argument.get_num_args().is_some_and(|range| range.min_values() > 0);
                    if wants && !flag.contains('=') {
                        words.next();
                    }
                }
            }
        } else if command.has_subcommands() && !word.starts_with('-') {
            match command.find_subcommand(word) {
                Some(subcommand) => command = subcommand,
                None => return Some(format!("{} has no command {word}", command.get_name())),
            }
        }
    }
    None
}

fn sector() -> Command {
    let mut sector = sector::command();
    sector.build();
    sector
}

#[test]
fn every_command_of_the_documentation_is_one() {
    let sector = sector();
    let folders = FOLDERS.iter().flat_map(|folder| pages(&format!("docs/{folder}")));
    let documents = folders.chain([root().join("README.md")]);
    let (mut seen, mut faults) = (0, Vec::new());
    for page in documents {
        let text = std::fs::read_to_string(&page).unwrap();
        for command in commands(&text) {
            let Some(arguments) = arguments(&command) else { continue };
            seen += 1;
            if let Some(fault) = fault(&sector, arguments) {
                faults.push(format!("{}: `{command}`: {fault}", page.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 80, "{seen} commands were found");
}

#[test]
fn a_command_that_is_none_is_found() {
    let page = "Call `sector replay vrify x`, then\n```sh\nX=1 true && sector doctor --redis \"--x y\" --jsn  # --json\nsector sim --seed 7\n```\n";
    let commands = commands(page);
    let faults: Vec<String> =
        commands.iter().filter_map(|command| fault(&sector(), arguments(command)?)).collect();
    assert_eq!(faults, ["replay has no command vrify", "doctor has no --jsn"]);
}
