//! Tests scripts of operators with stubbed commands.

use crate::run::{Result, program, run};

/// Runs the tests.
pub(super) fn test() -> Result {
    run("scripts", program("bash", "scripts/tests").arg("run.sh"))
}
