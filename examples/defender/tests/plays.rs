//! The bot in memory, over a pipe, in a live sector, and over a replay.

use std::process::Command;

use defender_bot::Defender;
use proving::promises;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_defender-bot"));
    command.args(arguments);
    command
}

#[test]
fn it_beats_those_who_do_not_think() {
    promises::beats(&["idle", "random"], 1..4, || Box::new(Defender::default()));
}

#[test]
fn over_the_pipe_it_orders_what_it_orders_in_memory() {
    promises::plays_alike_over_a_pipe(program(&["stdio"]), 120, &mut Defender::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    promises::plays_live(program).await;
}

#[test]
fn over_a_replay_of_its_own_it_orders_the_same_again() {
    promises::plays_over_a_replay(program, Box::new(Defender::default()), true);
}
