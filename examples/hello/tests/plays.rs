//! The program, as the arena and a live sector see it.

use std::process::Command;

use proving::live::Sector;
use proving::pipe;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-bot"));
    command.args(arguments);
    command
}

#[test]
fn it_beats_one_who_does_nothing() {
    for seed in 1..4 {
        let played = pipe::play(program(&["stdio"]), seed, "idle", 2_000, None);
        let winner = played.outcome.and_then(|outcome| outcome.winner);
        assert_eq!(winner, Some(proving::memory::seat(0)), "on map {seed}: {played:?}");
        assert!(played.refused * 50 <= played.orders, "on map {seed}: {played:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    let sector = Sector::start().await;
    let said = sector.play(program(&["live", &sector.url(), "--faction", "F2"]), "F2", 3).await;
    assert!(said.contains("orders accepted"), "{said}");
}
