//! The bot in memory, over a pipe, and in a live sector.

use std::process::Command;

use defender_bot::Defender;
use proving::live::Sector;
use proving::{memory, pipe};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_defender-bot"));
    command.args(arguments);
    command
}

#[test]
fn it_beats_those_who_do_not_think() {
    for opponent in ["idle", "random"] {
        let duels = memory::duels(1..4, opponent, |_| Box::new(Defender::default()));
        assert_eq!(duels.won, 6, "against {opponent}: {duels}");
        assert!(duels.refused * 50 <= duels.orders, "against {opponent}: {duels}");
    }
}

#[test]
fn over_the_pipe_it_orders_what_it_orders_in_memory() {
    let played = pipe::play(program(&["stdio"]), 7, "classic", 120, Some(&mut Defender::default()));
    assert!(played.orders > 0, "{played:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_plays_a_live_sector() {
    let sector = Sector::start().await;
    let said = sector.play(program(&["live", &sector.url(), "--faction", "F2"]), "F2", 3).await;
    assert!(said.contains("orders accepted"), "{said}");
}
