//! `cargo xtask test`: everything that must hold before a change lands.

use crate::run::{Result, cargo, run};
use crate::{
    browser, check, deploy, fuzz, monitoring, publish, schemathesis, snapshots, tables, tools, ui,
};

/// Fuzzing time per target with `--full`, in seconds.
const FUZZ_SECONDS: u32 = 20;
/// Generated requests per operation with `--full`.
const SCHEMATHESIS_EXAMPLES: u32 = 25;

pub(crate) fn test(full: bool) -> Result {
    tools::install()?;
    check::check()?;
    deploy::check(full)?;
    ui::test()?;
    snapshots::run_tests(
        "tests",
        &mut cargo(&["test", "--workspace", "--locked", "--features", "sector/full"]),
    )?;
    let parallel = [
        "test",
        "--package",
        "sector-sim",
        "--features",
        "parallel",
        "--test",
        "parallel",
        "--locked",
    ];
    run("tests, the engine on several threads", &mut cargo(&parallel))?;
    tables::test()?;
    monitoring::test()?;
    browser::test(full)?;
    if full {
        run(
            "tests, as released, more cases",
            cargo(&["test", "--workspace", "--locked", "--features", "sector/full", "--release"])
                .env("PROPTEST_CASES", "2000")
                .env("SIMULATION_SEEDS", "100000")
                .env("CHAOS_CYCLES", "20"),
        )?;
        run(
            "a new bot, as in docs/tutorials/bot.md",
            &mut cargo(&[
                "test",
                "--package",
                "sector",
                "--locked",
                "--test",
                "bot_command",
                "--",
                "--ignored",
            ]),
        )?;
        publish::check()?;
        fuzz::fuzz(None, FUZZ_SECONDS)?;
        schemathesis::schemathesis(SCHEMATHESIS_EXAMPLES)?;
    }
    println!("\nAll checks passed.");
    Ok(())
}
