//! `sector replay watch`: shows a recorded run in the browser as if it were live.
//! The run is played into a store in memory and committed tick by tick, as a sim-worker does; the
//! usual frontend serves it. There is no API, so nobody can give orders. Viewers can pause, change
//! the pace and jump to a tick; jumping back starts a new universe in the store. Every tick is
//! compared with the record before it is shown.

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
use crate::replay::file;
use crate::tool::{Error, block_on, ending, say};

/// Default time between ticks, in milliseconds, as in a live sector.
const TICK_MS: u64 = 300;
/// Time limit for the frontend to reach the first tick.
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
    /// Default options for a file.
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
    block_on(start(options, &replay, last))
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
        "\n  Watch   {url}\n  Stop    Ctrl-C\n\nThe run starts with the first viewer; nobody can play in it."
    ))?;
    if !options.no_open && !browser::open(&url) {
        say("Cannot open a browser here: open the address in one.")?;
    }
    let shown = show.run(&recording, &shutdown).await;
    shutdown.cancel();
    served.await.map_err(|error| error.to_string())??;
    shown
}

/// URL of the page for a browser on this machine.
fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => {
            format!("http://localhost:{}", address.port())
        }
        _ => format!("http://{address}"),
    }
}

/// A recorded run and its store.
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

    /// Plays and shows the next tick; false at the end.
    async fn tick(&mut self) -> Result<bool, Error> {
        let orders = self.playback.next_orders();
        let played = self.playback.next_tick().map_err(|error| named(self.options, &error))?;
        let (Some(world), Some(tick)) = (played, orders) else { return Ok(false) };
        self.stage.tick(world, &tick.orders).await?;
        Ok(true)
    }

    /// Plays forward to a tick, from tick 0 if it is in the past. Pages get every tick on the way.
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

    /// Waits for a viewer, then shows the run as viewers control it.
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
                // Cannot fail: `recording` owns the sender.
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
        let broken = self.replay.truncated_at().map_or("", |_| " (the record is truncated here)");
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
