//! `sector replay watch`: a recorded run in the browser, served as if it were live.
//!
//! The browser UI follows an event stream. A recorded run is played into a store in memory, tick by tick and each one
//! committed as the sim-worker commits it; the frontend that serves it is the one of a live sector. There is no API: nobody
//! can give orders. Viewers can pause the run, change its pace and jump to another tick: going back is a universe
//! of its own in the store, which every page begins anew with. Every tick is compared with the record before it is shown.

mod browser;
mod stage;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use follow::Sectors;
use frontend::{PACES_MS, Recording};
use http_kit::bind;
use process_kit::config::integer;
use process_kit::telemetry::{self, LogFormat, LogOptions};
use process_kit::{CancellationToken, shutdown_on_signals};
use sector_sim::replay::{Playback, Replay, ReplayError};
use tokio::time::{Instant, sleep_until};

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
    /// Replay file
    file: PathBuf,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    bind: IpAddr,
    /// Port of the page [default: a free one]
    #[arg(long)]
    port: Option<u16>,
    /// Time between ticks, in milliseconds
    #[arg(long, default_value_t = TICK_MS, value_name = "MS", value_parser = integer(PACES_MS))]
    tick_ms: u64,
    /// First tick to show
    #[arg(long, default_value_t = 0, value_name = "TICK")]
    from: u64,
    /// Exit when the run is over and no viewer is left, instead of on Ctrl-C
    #[arg(long)]
    once: bool,
    /// Print the address without opening a browser
    #[arg(long)]
    no_open: bool,
    /// Log filter: a level (error, warn, info, debug, trace) or directives like info,frontend=debug
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
    runtime.block_on(start(options, &replay, last))
}

async fn start(options: &Options, replay: &Replay, last: u64) -> Result<(), Error> {
    telemetry::init(&LogOptions {
        log: options.log.clone(),
        log_format: LogFormat::default(),
        reload_file: None,
    })?;
    let shutdown = shutdown_on_signals()?;
    let mut show = Show::begin(options, replay).await?;
    show.seek(options.from, &shutdown).await?;
    if shutdown.is_cancelled() {
        return Ok(());
    }

    let listener = bind(SocketAddr::new(options.bind, options.port.unwrap_or(0)), "--port").await?;
    let address = listener.local_addr()?;
    let recording = Recording::new(last, options.tick_ms);
    let config =
        frontend::Config { recording: Some(recording.clone()), ..frontend::Config::default() };
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
    say(&format!(
        "\n  Watch   {url}\n  Stop    Ctrl-C\n\nThe run begins when somebody looks; nobody can play in it."
    ))?;
    if !options.no_open && !browser::open(&url) {
        say("No browser could be opened here: open the address in one.")?;
    }
    let shown = show.run(&recording, &shutdown).await;
    shutdown.cancel();
    served.await.map_err(|error| error.to_string())??;
    shown
}

/// Where a browser on this machine finds the page.
fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => {
            format!("http://localhost:{}", address.port())
        }
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
        let playback = played(options, replay)?;
        let mut universe = replay.header().universe();
        universe.tick_delay_ms = options.tick_ms;
        let stage = Stage::begin(universe, playback.world()).await?;
        Ok(Show { options, replay, playback, stage })
    }

    /// Plays and shows the next tick; false when there is none.
    async fn tick(&mut self) -> Result<bool, Error> {
        let orders = self.playback.next_orders();
        let played = self.playback.next_tick().map_err(|error| named(self.options, &error))?;
        let (Some(world), Some(tick)) = (played, orders) else { return Ok(false) };
        self.stage.tick(world, &tick.orders).await?;
        Ok(true)
    }

    /// Goes to a tick, forward from here or from the beginning anew. The pages get every tick on the way.
    async fn seek(&mut self, tick: u64, shutdown: &CancellationToken) -> Result<(), Error> {
        if tick < self.playback.world().tick() {
            self.playback = played(self.options, self.replay)?;
            self.stage.begin_again(self.playback.world()).await?;
        }
        while self.playback.world().tick() < tick && !shutdown.is_cancelled() && self.tick().await?
        {
        }
        Ok(())
    }

    /// Waits for a viewer, and shows the run as the viewers control it.
    async fn run(
        &mut self,
        recording: &Recording,
        shutdown: &CancellationToken,
    ) -> Result<(), Error> {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = recording.watched() => {}
        }
        let mut playing = recording.playing();
        let (mut is_over, mut is_told) = (false, false);
        let mut due = Instant::now() + Duration::from_millis(playing.borrow_and_update().tick_ms);
        loop {
            let wanted = *playing.borrow_and_update();
            if let Some(tick) = recording.take_seek() {
                self.seek(tick, shutdown).await?;
                is_over = false;
                due = Instant::now() + Duration::from_millis(wanted.tick_ms);
            }
            if is_over && !is_told {
                self.tell_the_end()?;
                is_told = true;
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = recording.left(), if is_over && self.options.once => return Ok(()),
                // The sender is in the recording.
                _ = playing.changed() => {
                    let pace = Duration::from_millis(playing.borrow().tick_ms);
                    self.stage.set_pace(pace);
                    due = due.min(Instant::now() + pace);
                }
                () = sleep_until(due), if !wanted.paused && !is_over => {
                    is_over = !self.tick().await?;
                    // Don't catch up after a delay.
                    due = Instant::now().max(due + Duration::from_millis(wanted.tick_ms));
                }
            }
        }
    }

    fn tell_the_end(&self) -> Result<(), Error> {
        let world = self.playback.world();
        let broken = self.replay.truncated_at().map_or("", |_| " (the record breaks off here)");
        let result = ending(world.board(), world.board().result());
        say(&format!("The run is at its last tick, {}: {result}{broken}.", world.tick()))
    }
}

fn played<'a>(options: &Options, replay: &'a Replay) -> Result<Playback<'a>, Error> {
    replay.play().map_err(|error| named(options, &error))
}

fn named(options: &Options, error: &ReplayError) -> Error {
    format!("{}: {error}", options.file.display()).into()
}
