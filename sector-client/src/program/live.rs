//! `live`: plays a faction of a running sector.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sector_auth::Secret;
use sector_sim::{FactionId, Strategy};

use super::{Failure, Seat, key};
use crate::{Bot, Client};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// URL of the sector's API
    #[arg(default_value = "http://127.0.0.1:8000", value_name = "URL")]
    url: String,
    /// Faction, such as F1 [default: the player's faction, or else the first free one]
    #[arg(long)]
    faction: Option<FactionId>,
    /// File of the player's key, to play as the same player again; created if missing [default: a
    /// new guest]
    #[arg(long, value_name = "FILE", conflicts_with = "bot_key")]
    key: Option<PathBuf>,
    /// Key that a player issued for this bot (see docs/reference/logins.md); prefer the environment
    /// variable
    #[arg(long, env = "SECTOR_BOT_KEY", hide_env_values = true, value_name = "KEY")]
    bot_key: Option<Secret>,
}

pub(super) fn live(
    options: &Options,
    seating: &mut dyn FnMut(&Seat) -> Box<dyn Strategy>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(play(options, seating))
}

async fn play(
    options: &Options,
    seating: &mut dyn FnMut(&Seat) -> Box<dyn Strategy>,
) -> Result<(), Failure> {
    let client = sign_in(options).await?;
    let faction = choose(options, &client).await?;
    let snapshot = client.snapshot().await?;
    let rules = Arc::new(client.rules().await?);
    let seat = Seat::new(faction, &snapshot.universe_id, rules, snapshot.tick_delay_ms);
    let name =
        snapshot.factions.iter().find(|form| form.id == faction).map_or("", |form| &*form.name);
    tracing::info!(%faction, name, url = client.url(), "playing, stop with Ctrl-C");
    let strategy = seating(&seat);
    let mut bot = match options.bot_key {
        // The player holds the faction; a key cannot claim any.
        Some(_) => Bot::unclaimed(&client, faction, strategy),
        None => Bot::new(&client, faction, strategy),
    };
    let summary = bot.run(async { _ = tokio::signal::ctrl_c().await }).await?;
    println!("{summary}");
    Ok(())
}

async fn sign_in(options: &Options) -> Result<Client, Failure> {
    let client = Client::connect(&options.url).await?;
    match (&options.bot_key, &options.key) {
        (Some(key), _) => return Ok(client.with_bot_key(key)?),
        (None, Some(path)) => {
            let (key, is_new) = key::read_or_create(path)?;
            client.login(&key).await?;
            if is_new {
                tracing::info!(file = %path.display(), "new player, key saved");
            }
        }
        (None, None) => {
            client.guest().await?;
            tracing::info!("new guest; use --key FILE to play as the same player again");
        }
    }
    Ok(client)
}

/// The requested faction, or else the player's faction, or else the first free one. Between two
/// universes none is free, so this waits for the next one.
async fn choose(options: &Options, client: &Client) -> Result<FactionId, Failure> {
    let held = client.me().await?.faction;
    let held = held.map(|held| held.parse::<FactionId>()).transpose()?;
    match (options.faction, held) {
        (Some(asked), Some(held)) if asked != held => {
            return Err(format!(
                "this player holds {held}; play that one, or release it to play {asked}"
            )
            .into());
        }
        (Some(faction), _) | (None, Some(faction)) => return Ok(faction),
        (None, None) if options.bot_key.is_some() => {
            return Err(
                "the player of this key holds no faction; claim one before starting the bot".into(),
            );
        }
        (None, None) => {}
    }
    let mut ticks = client.ticks();
    let mut has_looked = false;
    loop {
        let is_over = ticks.newest().await?.board().result().is_some();
        let factions = client.factions().await?.factions;
        if let Some(free) = factions.iter().find(|faction| faction.claimable) {
            return Ok(free.id);
        }
        if is_over {
            tracing::info!("run over, waiting for the next universe");
        } else if has_looked {
            return Err(
                "no faction is free; wait for the next universe, or select one with --faction"
                    .into(),
            );
        }
        // The run may have ended meanwhile; the next tick shows that.
        has_looked = !is_over;
    }
}
