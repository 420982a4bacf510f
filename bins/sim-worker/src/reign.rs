//! The life of a lease: acquire it, recover the universe, tick at a fixed rate, begin new
//! universes, release it.

use std::sync::Arc;
use std::time::Duration;

use process_kit::{CancellationToken, Handles};
use sector_redis::Backoff;
use sector_redis::{Lease, RestartRequest, Store};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::config::Config;
use crate::error::Error;
use crate::meter::Meter;
use crate::share::Holding;
use crate::sources::Sources;
use crate::status::{Duty, Post};
use crate::universe::Universe;

/// Maximum back-off while the store is unavailable, so that the sector resumes soon after.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Time after shutdown for the tick in progress, and then for releasing the lease. A store that
/// cannot write must not keep the process alive.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Runs the sector until `shutdown`, then finishes the tick and releases the lease. Ends within
/// twice 2 s even if the store does not answer; the sector then resumes from its last commit.
///
/// Retries while the store is unavailable. If the lease expired meanwhile, acquires it again like a
/// standby, and recovers the sector from the store.
///
/// # Errors
/// [`Error::LeaseLost`] when another worker took over although this one could reach the store;
/// other errors when the store or the stored world is unusable.
pub async fn run(
    config: Config,
    store: Arc<dyn Store>,
    sources: Sources,
    handles: impl Into<Handles>,
) -> Result<(), Error> {
    run_at(config, store, sources, Post::alone(), handles).await
}

/// As [`run`], reporting its state at `post`. One of several sectors is released to a worker that
/// holds fewer.
///
/// # Errors
/// As [`run`].
pub async fn run_at(
    config: Config,
    store: Arc<dyn Store>,
    sources: Sources,
    post: Arc<Post>,
    handles: impl Into<Handles>,
) -> Result<(), Error> {
    let Handles { metrics, tracer, shutdown, .. } = handles.into();
    let holder = format!("sim-worker-{}-{:016x}", std::process::id(), (sources.random)()?);
    post.opened(&store);
    let meter = Meter::new(&metrics, tracer, post.name());
    let mut config = config;
    let mut asked = None;
    loop {
        let taken = wait_for_lease(&config, &store, &holder, &post, &shutdown, asked);
        let Some((lease, holding)) = in_time(taken, &shutdown).await.transpose()?.flatten() else {
            return Ok(());
        };
        tracing::info!(holder, epoch = lease.epoch, "lease acquired");
        post.set(Duty::Held { epoch: lease.epoch });
        meter.held(lease.epoch);
        let mut course = Course { meter: meter.clone(), is_away: false, has_begun: false };
        let reigned = reign(&config, &store, &sources, &lease, &post, &shutdown, &mut course);
        let reigned = in_time(reigned, &shutdown).await.unwrap_or_else(|| {
            tracing::warn!("the store does not answer, ending without the tick in progress");
            Ok(End::Shutdown)
        });
        meter.let_go(if matches!(reigned, Err(Error::LeaseLost(_))) { "lost" } else { "released" });
        if let Err(Error::LeaseLost(error)) = &reigned {
            post.set(Duty::StandingBy);
            if !course.is_away {
                return reigned.map(drop);
            }
            tracing::warn!(%error, "lease expired while the store was unavailable, acquiring it again");
        } else {
            let released = in_time(store.release_lease(&lease), &shutdown).await;
            if !matches!(released, Some(Ok(()))) {
                tracing::warn!(?released, "cannot release the lease, it will expire");
            }
        }
        drop(holding);
        match reigned {
            Ok(End::Shutdown) => return Ok(()),
            Ok(End::GivenUp) => {
                tracing::info!("releasing the sector to a worker that holds fewer");
                post.set(Duty::StandingBy);
                // Let the other worker acquire it first.
                asked = Some(Instant::now());
            }
            Err(Error::LeaseLost(_)) => asked = None,
            Err(error) => return Err(error),
        }
        // Recover the universe that ran before.
        config.reset_universe_on_start &= !course.has_begun;
    }
}

/// The output of `work`; none if it has not ended [`SHUTDOWN_GRACE`] after shutdown.
async fn in_time<T>(work: impl Future<Output = T>, shutdown: &CancellationToken) -> Option<T> {
    let late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        biased;
        output = work => Some(output),
        () = late => None,
    }
}

/// Why a reign ended without an error.
#[derive(Debug)]
enum End {
    Shutdown,
    /// Another worker holds fewer sectors.
    GivenUp,
}

/// State of a reign.
#[derive(Debug)]
struct Course {
    /// Metrics.
    meter: Meter,
    /// Whether the last call to the store failed.
    is_away: bool,
    /// Whether a universe is ticking.
    has_begun: bool,
}

fn pauses() -> Backoff {
    Backoff::new(Duration::from_millis(100), PAUSE_MAX)
}

/// Waits on standby until the lease is acquired. `None` on shutdown. `asked` is the last attempt.
async fn wait_for_lease<'a>(
    config: &Config,
    store: &Arc<dyn Store>,
    holder: &str,
    post: &'a Post,
    shutdown: &CancellationToken,
    mut asked: Option<Instant>,
) -> Result<Option<(Lease, Holding<'a>)>, Error> {
    let ttl = config.lease_ttl_ms.duration();
    let share = &post.share;
    let mut standing_by = false;
    let mut noted = Instant::now();
    loop {
        let next = share.next_attempt(asked, ttl);
        if next > Instant::now() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(None),
                () = tokio::time::sleep_until(next) => {}
            }
            // Another sector may have been acquired meanwhile.
            if share.next_attempt(asked, ttl) > Instant::now() {
                continue;
            }
        }
        let holding = share.hold();
        match store.acquire_lease(holder, ttl).await {
            Ok(Some(lease)) => {
                share.note_taken();
                return Ok(Some((lease, holding)));
            }
            Ok(None) => {
                drop(holding);
                if !standing_by {
                    tracing::info!(holder, "another worker holds the lease, on standby");
                    post.set(Duty::StandingBy);
                    standing_by = true;
                }
                share.leave_note(&**store, &mut noted).await;
            }
            Err(error) if error.is_unavailable() => tracing::warn!(%error, "waiting for the store"),
            Err(error) => return Err(error.into()),
        }
        asked = Some(Instant::now());
    }
}

async fn reign(
    config: &Config,
    store: &Arc<dyn Store>,
    sources: &Sources,
    lease: &Lease,
    post: &Post,
    shutdown: &CancellationToken,
    course: &mut Course,
) -> Result<End, Error> {
    let meter = course.meter.clone();
    let meter = &meter;
    let begin = async |seed, served| {
        let (store, config, sources) = (store.clone(), config.clone(), sources.clone());
        Universe::begin(store, config, sources, lease.clone(), meter.clone(), seed, served).await
    };
    let mut backoff = pauses();
    let mut universe = loop {
        match open(config, store, sources, lease, meter).await {
            Err(error) if error.is_unavailable() => {
                course.is_away = true;
                tracing::warn!(%error, "waiting for the store");
            }
            opened => break opened?,
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(End::Shutdown),
            () = sources.wait(&mut backoff) => {}
        }
    };
    backoff.reset();
    (course.is_away, course.has_begun) = (false, true);
    let mut over_since: Option<Instant> = None;
    let mut looked = Instant::now();
    let mut looked_for_backup = None;
    let mut before = None;
    // Ticks keep their beat; missed beats are skipped.
    let mut beat = interval(config.tick_ms.duration());
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let due = tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(End::Shutdown),
            due = beat.tick() => due,
        };
        meter.beat(due, before.replace(due), config.tick_ms.duration());
        let step = async {
            let wish = control(store).await?;
            if let Some(request) = wish.restart {
                let seed = match request.seed {
                    Some(seed) => seed,
                    None => sector_sim::draw::next_seed(universe.seed()),
                };
                universe = begin(seed, Some(request.number)).await?;
                over_since = None;
            } else if universe.is_over() {
                let since = *over_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= config.universe_pause_ms.duration() && !wish.paused {
                    universe = begin(sector_sim::draw::next_seed(universe.seed()), None).await?;
                    over_since = None;
                } else {
                    universe.hold().await?;
                }
            } else if wish.paused {
                universe.hold().await?;
                universe.count_backlog().await;
            } else {
                universe.tick().await?;
            }
            Ok(())
        };
        match step.await {
            Ok(()) => {
                course.is_away = false;
                backoff.reset();
                post.ticked(universe.id(), universe.at());
                meter.done(universe.at(), (sources.now_ms)());
                meter.look_for_backup(&**store, &mut looked_for_backup).await;
                if post.share.gives_up(&**store, &mut looked).await {
                    return Ok(End::GivenUp);
                }
            }
            Err(error) if Error::is_unavailable(&error) => {
                course.is_away = true;
                tracing::warn!(%error, "store unavailable, not ticking");
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return Ok(End::Shutdown),
                    () = sources.wait(&mut backoff) => {}
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The stored universe, or a first one.
async fn open(
    config: &Config,
    store: &Arc<dyn Store>,
    sources: &Sources,
    lease: &Lease,
    meter: &Meter,
) -> Result<Universe, Error> {
    let (store, config, lease, meter) =
        (store.clone(), config.clone(), lease.clone(), meter.clone());
    if !config.reset_universe_on_start
        && let Some(stored) = Universe::recover(
            store.clone(),
            config.clone(),
            sources.clone(),
            lease.clone(),
            meter.clone(),
        )
        .await?
    {
        return Ok(stored);
    }
    let seed = first_seed(&config, sources)?;
    Universe::begin(store, config, sources.clone(), lease, meter, seed, None).await
}

fn first_seed(config: &Config, sources: &Sources) -> Result<u64, Error> {
    match config.seed {
        Some(seed) => Ok(seed),
        None => Ok((sources.random)()? & sector_sim::draw::MAX_SEED),
    }
}

/// Requests of the operator.
struct Wish {
    paused: bool,
    restart: Option<RestartRequest>,
}

async fn control(store: &Arc<dyn Store>) -> Result<Wish, Error> {
    Ok(Wish { paused: store.paused().await?, restart: store.restart_request().await? })
}
