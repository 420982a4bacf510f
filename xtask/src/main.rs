//! The developer's commands: `cargo xtask test`, `check`, `codegen`, `ui`, `deploy`, `images`, `chaos`, `soak`, `bench`.

mod bench;
mod bill;
mod bots;
mod boundaries;
mod browser;
mod chaos;
mod check;
mod codegen_command;
mod compatibility;
mod deploy;
#[cfg(test)]
mod documents;
mod english;
mod fuzz;
mod loops;
mod monitoring;
mod publish;
mod run;
mod schemathesis;
mod snapshots;
mod tables;
mod test;
mod tools;
mod ui;

#[cfg(feature = "codegen")]
mod codegen;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The developer's commands.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that must hold before a change lands; installs redis-server and Chromium where they are missing
    Test {
        /// Also the heavy suites: release builds, more cases, more kills
        #[arg(long)]
        full: bool,
    },
    /// Format, lints, documentation, layer boundaries, generated files
    Check,
    /// Generate the SDK and the UI's types from the API document
    Codegen {
        /// Only compare, and name what is stale
        #[arg(long)]
        check: bool,
    },
    /// Build the browser UI into bins/frontend/dist
    Ui,
    /// Images, compose file, Kubernetes manifests and scripts, held to rules
    Deploy {
        /// Also what other programs say: schemas of three Kubernetes versions, hadolint, shellcheck, shfmt
        #[arg(long)]
        full: bool,
    },
    /// Build the images, look at each, bring the compose file up with them and play; needs docker or podman, with Compose
    Images {
        /// Take the images that are there, under IMAGE_NAME and IMAGE_TAG
        #[arg(long)]
        no_build: bool,
    },
    /// Try hostile input on the engine, on logins and on the API; installs cargo-fuzz where it is missing, and needs a nightly compiler
    Fuzz {
        /// Only this target
        target: Option<String>,
        /// Seconds for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Ask the API what schemathesis makes up from its document; installs it where it is missing, and needs Python
    Schemathesis {
        /// Requests made up for each operation
        #[arg(long, default_value_t = 25)]
        examples: u32,
    },
    /// Write what each service is made of into target/sbom, as CycloneDX
    Sbom,
    /// List the licences of all that services are made of; one that is not allowed is an error
    Licences,
    /// Run the sector as processes on Redis, kill and stop them under load, and check the books
    Chaos {
        /// How many times something is done to them
        #[arg(long, default_value_t = 20)]
        cycles: u64,
        /// What is done, and when
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Run the sector under load and see whether it grows or falls behind
    Soak {
        /// For how long
        #[arg(long, default_value_t = 30)]
        minutes: u32,
    },
    /// Let all strategies and examples play each other, and write the table of docs/how-to/bots.md; goes on where it was stopped
    Bots {
        /// How many duels; 156 are one map for every pair, from both seats
        #[arg(long, default_value_t = 3_120)]
        games: u64,
    },
    /// Measure, and compare with the promised limits
    Bench {
        /// Only benchmarks whose name contains this; `api`: the API beside a bare server and Redis
        filter: Option<String>,
    },
}

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Test { full } => test::test(full),
        Command::Check => check::check(),
        Command::Codegen { check } => codegen_command::codegen(check),
        Command::Ui => ui::build(),
        Command::Deploy { full } => deploy::check(full),
        Command::Images { no_build } => deploy::try_images(!no_build),
        Command::Fuzz { target, seconds } => fuzz::fuzz(target.as_deref(), seconds),
        Command::Schemathesis { examples } => schemathesis::schemathesis(examples),
        Command::Sbom => bill::sbom(),
        Command::Licences => bill::licences(),
        Command::Chaos { cycles, seed } => chaos::chaos(cycles, seed),
        Command::Soak { minutes } => chaos::soak(minutes),
        Command::Bots { games } => bots::table(games),
        Command::Bench { filter } => bench::bench(filter.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_documentation_is_one() {
        let root = run::root();
        let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
        for folder in ["tutorials", "how-to", "reference", "explanation", "runbooks"] {
            let folder = std::fs::read_dir(root.join("docs").join(folder)).unwrap();
            pages.extend(folder.map(|file| file.unwrap().path()));
        }
        let mut seen = 0;
        for page in
            pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md"))
        {
            for call in std::fs::read_to_string(page).unwrap().split("cargo xtask ").skip(1) {
                // Up to the end of the line or of the code, without what is behind a mark.
                let words = call.split(['\n', '`', '#', '|', ';', '&']).next().unwrap_or_default();
                let words = std::iter::once("xtask").chain(words.split_whitespace());
                let parsed = Options::try_parse_from(words);
                assert!(
                    parsed.is_ok(),
                    "{}: cargo xtask {call:.60}: {}",
                    page.display(),
                    parsed.unwrap_err()
                );
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen} commands were found");
    }
}
