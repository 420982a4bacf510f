//! `cargo xtask check`: static checks.

use crate::run::{Result, cargo, run};
use crate::{boundaries, codegen_command, compatibility, english, loops, ui};

pub(crate) fn check() -> Result {
    run("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    println!("\n== layer boundaries");
    boundaries::check()?;
    loops::check()?;
    compatibility::check()?;
    println!("\n== plain English");
    english::check()?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--features",
        "sector/full",
        "--",
        "--deny",
        "warnings",
    ];
    run("lints", &mut cargo(&clippy))?;
    let default = ["clippy", "--locked", "--", "--deny", "warnings"];
    run("lints, the default build", &mut cargo(&default))?;
    let doc = [
        "doc",
        "--workspace",
        "--no-deps",
        "--locked",
        "--features",
        "sector/full",
        "--document-private-items",
    ];
    run("documentation", cargo(&doc).env("RUSTDOCFLAGS", "--deny warnings"))?;
    ui::check()?;
    codegen_command::codegen(true)
}
