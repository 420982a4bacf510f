//! Signals stop a service. In a binary of its own, because a signal is for the whole process.

use std::process::Command;
use std::time::Duration;

#[tokio::test]
async fn sigterm_cancels_the_token() {
    let shutdown = process_kit::shutdown_on_signals().unwrap();
    assert!(!shutdown.is_cancelled());
    let status =
        Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status().unwrap();
    assert!(status.success());
    tokio::time::timeout(Duration::from_secs(10), shutdown.cancelled()).await.unwrap();
}
