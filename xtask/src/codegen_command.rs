//! `cargo xtask codegen`: runs this program again with the feature `codegen`, which takes long to
//! build.

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
