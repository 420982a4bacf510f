//! The scripts that operators run, tried with stubbed commands.

use crate::run::{Result, program, run};

/// Tries what the scripts decide.
pub(super) fn test() -> Result {
    run("scripts", program("bash", "scripts/tests").arg("run.sh"))
}
