//! The bot in memory, over a pipe, in a live sector, and over a replay.

use std::process::Command;

use greedy_bot::Greedy;
use proving::promises;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greedy-bot"));
    command.args(arguments);
    command
}

#[test]
fn it_beats_idle_and_random() {
    promises::beats(&["idle", "random"], 1..4, || Box::new(Greedy::default()));
}

#[test]
fn it_gives_the_same_orders_over_a_pipe() {
    promises::plays_alike_over_a_pipe(program(&["stdio"]), 120, &mut Greedy::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    promises::plays_live(program).await;
}

#[test]
fn it_gives_the_same_orders_over_its_own_replay() {
    promises::plays_over_a_replay(program, Box::new(Greedy::default()), true);
}
