//! The developer's commands: `cargo xtask test`, `check`, `codegen`, `ui`, `deploy`, `images`,
//! `chaos`, `soak`, `bench`.

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
    /// Run all checks and tests before landing; installs redis-server and Chromium if missing
    Test {
        /// Also run the heavy suites: release builds, more cases, more kills
        #[arg(long)]
        full: bool,
    },
    /// Check format, lints, documentation, layers and generated files
    Check,
    /// Generate the SDK and the UI's types from the API document
    Codegen {
        /// Only compare, and name stale files
        #[arg(long)]
        check: bool,
    },
    /// Build the browser UI into bins/frontend/dist
    Ui,
    /// Check images, compose file, Kubernetes manifests and scripts
    Deploy {
        /// Also run schemas of three Kubernetes versions, hadolint, shellcheck and shfmt
        #[arg(long)]
        full: bool,
    },
    /// Build and inspect the images, and run the compose file; needs docker or podman with Compose
    Images {
        /// Use existing images named by IMAGE_NAME and IMAGE_TAG
        #[arg(long)]
        no_build: bool,
    },
    /// Fuzz the engine, logins, the HTTP kit and the API; installs cargo-fuzz if missing, needs a
    /// nightly compiler
    Fuzz {
        /// Only this target
        target: Option<String>,
        /// Seconds per target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Test the API with schemathesis; installs it if missing, needs Python
    Schemathesis {
        /// Generated requests per operation
        #[arg(long, default_value_t = 25)]
        examples: u32,
    },
    /// Write a CycloneDX bill of materials per service into target/sbom
    Sbom,
    /// List the licences of all dependencies; fails if one is not allowed
    Licences,
    /// Kill and stop the processes of a sector under load, and check that nothing is lost
    Chaos {
        /// Number of disturbances
        #[arg(long, default_value_t = 20)]
        cycles: u64,
        /// Seed of the disturbances
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Run a sector under load, and check memory and tick rate
    Soak {
        /// Duration
        #[arg(long, default_value_t = 30)]
        minutes: u32,
    },
    /// Play all strategies and examples against each other, and write the table of
    /// docs/how-to/bots.md; resumes an interrupted run
    Bots {
        /// Number of duels; 156 are one map per pair, from both seats
        #[arg(long, default_value_t = 3_120)]
        games: u64,
    },
    /// Run the benchmarks and compare them with their limits
    Bench {
        /// Only benchmarks whose name contains this; `api` compares the API with a bare server and
        /// Redis
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
                // Up to the end of the line or of the code, without comments.
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
