//! The program over a pipe, in a live sector, and over a replay.

use std::process::Command;

use proving::promises;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-bot"));
    command.args(arguments);
    command
}

#[test]
fn it_beats_idle_over_a_pipe() {
    promises::beats_over_a_pipe(&["idle"], 1..4, || program(&["stdio"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    promises::plays_live(program).await;
}

#[test]
fn it_prints_its_orders_over_a_replay() {
    promises::plays_over_a_replay(
        program,
        Box::new(sector_sim::strategy::Greedy::default()),
        false,
    );
}
