//! `cargo xtask test`: everything that must hold before a change lands.

use crate::run::{Result, cargo, run};
use crate::{browser, check, tools, ui};

pub(crate) fn test(full: bool) -> Result {
    tools::install()?;
    check::check()?;
    ui::test()?;
    run("tests", &mut cargo(&["test", "--workspace", "--locked"]))?;
    browser::test(full)?;
    if full {
        run(
            "tests, as released, more cases",
            cargo(&["test", "--workspace", "--locked", "--release"]).env("PROPTEST_CASES", "2000"),
        )?;
    }
    println!("\nAll of it holds.");
    Ok(())
}
