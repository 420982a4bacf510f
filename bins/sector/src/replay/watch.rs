//! `sector replay watch`: a recorded run in the browser, served as if it were live.
//!
//! The browser UI follows an event stream. A recorded run is played into a store in memory, tick by tick and each one
//! committed as the sim-worker commits it; the frontend that serves it is the one of a live sector. There is no API: nobody
//! can give orders. Every tick is compared with the record before it is shown.

mod browser;
mod stage;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use follow::Sectors;
use frontend::Recording;
use sector_sim::replay::{Playback, Replay};
use service::config::integer;
use service::telemetry::{self, LogFormat, LogOptions};
use service::{CancellationToken, bind, shutdown_on_signals};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

pub(crate) use self::browser::can_open;
use self::stage::Stage;
use crate::output::{Error, ending, say};
use crate::replay::file;

/// From tick to tick unless said otherwise, in milliseconds: as a live sector.
const TICK_MS: u64 = 300;
/// How long the page's copy may take to reach the tick that the run begins with.
const CATCHING_UP: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// The replay
    file: PathBuf,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    bind: IpAddr,
    /// Port of the page [default: one that is free]
    #[arg(long)]
    port: Option<u16>,
    /// Time from tick to tick, in milliseconds
    #[arg(long, default_value_t = TICK_MS, value_name = "MS", value_parser = integer(10..=60_000u64))]
    tick_ms: u64,
    /// The tick to begin with
    #[arg(long, default_value_t = 0, value_name = "TICK")]
    from: u64,
    /// End when the run is over and nobody looks any more, instead of on Ctrl-C
    #[arg(long)]
    once: bool,
    /// Only print the address; open no browser
    #[arg(long)]
    no_open: bool,
    /// What to log: a level (error, warn, info, debug, trace) or directives like info,frontend=debug
    #[arg(long, env = "LOG", default_value = "warn", value_name = "FILTER")]
    log: String,
}

impl Options {
    /// To watch this file as it is.
    pub(crate) fn of(file: &Path) -> Options {
        Options {
            file: file.to_owned(),
            bind: IpAddr::from([127, 0, 0, 1]),
            port: None,
            tick_ms: TICK_MS,
            from: 0,
            once: false,
            no_open: false,
            log: "warn".to_owned(),
        }
    }
}

pub(crate) fn watch(options: &Options) -> Result<(), Error> {
    let replay = file::read(&options.file)?;
    let last = replay.ticks().last().map_or(0, |tick| tick.tick);
    if options.from > last {
        let (file, from) = (options.file.display(), options.from);
        return Err(format!("{file}: there is no tick {from}; the ticks are 0 to {last}").into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be started: {error}"))?;
    runtime.block_on(start(options, &replay))
}

async fn start(options: &Options, replay: &Replay) -> Result<(), Error> {
    telemetry::init(&LogOptions { log: options.log.clone(), log_format: LogFormat::default(), reload_file: None })?;
    let shutdown = shutdown_on_signals()?;
    let mut show = Show::begin(options, replay).await?;
    while show.playback.world().tick() < options.from && show.tick().await? {
        if shutdown.is_cancelled() {
            return Ok(());
        }
    }

    let listener = bind(SocketAddr::new(options.bind, options.port.unwrap_or(0)), "--port").await?;
    let address = listener.local_addr()?;
    let recording = Recording::default();
    let config = frontend::Config { recording: Some(recording.clone()), ..frontend::Config::default() };
    let sectors = Sectors::one(show.stage.store().clone(), shutdown.clone());
    sectors.home().follower().ready().await?;
    sectors.home().follower().caught_up(CATCHING_UP).await?;
    let served = tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            let served = frontend::run(config, listener, sectors, shutdown.clone()).await;
            shutdown.cancel();
            served
        }
    });
    let url = url(address);
    say(&format!("\n  Watch   {url}\n  Stop    Ctrl-C\n\nThe run begins when somebody looks; nobody can play in it."))?;
    if !options.no_open && !browser::open(&url) {
        say("No browser could be opened here: open the address in one.")?;
    }
    let shown = show.run(options, &recording, &shutdown).await;
    shutdown.cancel();
    served.await.map_err(|error| error.to_string())??;
    shown
}

/// Where a browser on this machine finds the page.
fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

/// A recorded run and the store that it is played into.
struct Show<'a> {
    options: &'a Options,
    replay: &'a Replay,
    playback: Playback<'a>,
    stage: Stage,
}

impl<'a> Show<'a> {
    async fn begin(options: &'a Options, replay: &'a Replay) -> Result<Show<'a>, Error> {
        let playback = replay.play().map_err(|error| format!("{}: {error}", options.file.display()))?;
        let mut universe = replay.header().universe();
        universe.tick_delay_ms = options.tick_ms;
        let stage = Stage::begin(universe, playback.world()).await?;
        Ok(Show { options, replay, playback, stage })
    }

    /// Plays and shows the next tick; false when there is none.
    async fn tick(&mut self) -> Result<bool, Error> {
        let orders = self.playback.next_orders();
        let played = self.playback.next_tick().map_err(|error| format!("{}: {error}", self.options.file.display()))?;
        let (Some(world), Some(tick)) = (played, orders) else { return Ok(false) };
        self.stage.tick(world, &tick.orders).await?;
        Ok(true)
    }

    /// Waits for somebody who looks, plays the run, and stays at its end.
    async fn run(
        &mut self,
        options: &Options,
        recording: &Recording,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = recording.watched() => {}
        }
        let pace = Duration::from_millis(options.tick_ms);
        let mut beat = interval_at(Instant::now() + pace, pace);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                _ = beat.tick() => {}
            }
            if !self.tick().await? {
                break;
            }
        }
        let world = self.playback.world();
        let broken = self.replay.truncated_at().map_or("", |_| " (the record breaks off here)");
        let result = ending(world.board(), world.board().result());
        say(&format!("The run is at its last tick, {}: {result}{broken}.", world.tick()))?;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = recording.left(), if options.once => {}
        }
        Ok(())
    }
}
