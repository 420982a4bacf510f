//! `cargo xtask codegen`: the generator is heavy to build, so it is a feature that this command turns on.

use crate::run::Result;

#[cfg(feature = "codegen")]
pub(crate) fn codegen(check: bool) -> Result {
    println!("\n== generated files");
    crate::codegen::run(check)
}

#[cfg(not(feature = "codegen"))]
pub(crate) fn codegen(check: bool) -> Result {
    let mut arguments =
        vec!["run", "--locked", "--package", "xtask", "--features", "codegen", "--", "codegen"];
    if check {
        arguments.push("--check");
    }
    crate::ui::install()?;
    crate::run::run("generator", &mut crate::run::cargo(&arguments))
}
