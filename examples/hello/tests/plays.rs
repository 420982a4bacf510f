//! The program, as the arena, a live sector and a replay see it.

use std::process::Command;

use proving::promises;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-bot"));
    command.args(arguments);
    command
}

#[test]
fn over_a_pipe_it_beats_one_who_does_nothing() {
    promises::beats_over_a_pipe(&["idle"], 1..4, || program(&["stdio"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    promises::plays_live(program).await;
}

#[test]
fn over_a_replay_it_says_what_it_would_have_ordered() {
    promises::plays_over_a_replay(
        program,
        Box::new(sector_sim::strategy::Greedy::default()),
        false,
    );
}
