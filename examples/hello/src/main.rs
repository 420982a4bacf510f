//! The least bot that plays: joins as a guest, takes the first free faction and expands.

mod expand;

use std::process::ExitCode;

use sector_client::{Bot, Client};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match play().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hello-bot: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8000".to_owned());
    let client = Client::connect(&url).await?;
    client.guest().await?;
    let factions = client.factions().await?.factions;
    let free = factions.iter().find(|faction| faction.claimable).ok_or("every faction is taken")?;
    println!("playing {} ({}); stop with Ctrl-C", free.name, free.id);
    let mut bot = Bot::new(&client, free.id, Box::new(expand::Expand));
    println!("{}", bot.run(async { _ = tokio::signal::ctrl_c().await }).await?);
    Ok(())
}
