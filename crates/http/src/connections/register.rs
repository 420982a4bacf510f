//! All open connections, by number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::activity::Activity;
use super::signal::Signal;
use parking_lot::Mutex;

use crate::client_address::network;
use crate::limits::Limits;

/// Longest time between two sweeps.
const SWEEP_MS_MAX: u64 = 250;

/// Shortest time between two sweeps, for timeouts of milliseconds.
const SWEEP_MS_MIN: u64 = 5;

/// Milliseconds since the server started, from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now() }
    }

    pub(crate) fn now_ms(self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// The open connections of one server.
#[derive(Debug)]
pub(crate) struct Register {
    limits: Limits,
    clock: Clock,
    open: Mutex<Open>,
    /// Notified when a connection closes.
    left: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    by_client: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Connection {
    activity: Arc<Activity>,
    /// Only for connections that count per client.
    client: Option<IpAddr>,
}

impl Open {
    /// The connection to evict first, among those of one client or all.
    fn first_to_go(&self, client: Option<IpAddr>) -> Option<u64> {
        self.connections
            .iter()
            .filter(|(_, connection)| client.is_none() || connection.client == client)
            // A connection that is already closing makes no further room.
            .filter(|(_, connection)| !connection.activity.is_closed())
            .filter_map(|(number, connection)| Some((connection.activity.rank()?, *number)))
            .min()
            .map(|(_, number)| number)
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        let connection = self.connections.remove(&number)?;
        if let Some(client) = connection.client
            && let Some(count) = self.by_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                self.by_client.remove(&client);
            }
        }
        Some(connection)
    }

    fn close(&mut self, number: u64) {
        if let Some(connection) = self.remove(number) {
            connection.activity.tell(Signal::Close);
        }
    }
}

/// A place for a connection, freed on drop.
#[derive(Debug)]
pub(crate) struct Place {
    register: Arc<Register>,
    number: u64,
    pub(crate) activity: Arc<Activity>,
}

impl Place {
    /// The register's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.register.clock
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.register.open.lock().remove(self.number);
        self.register.left.notify_one();
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The client's limit is reached, and all its connections are busy.
    Client,
    /// All connections are busy.
    Full,
}

impl Register {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, clock: Clock::new(), open: Mutex::default(), left: Notify::new() })
    }

    /// A place for a connection from this peer; may evict an inactive one.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Result<Place, NoPlace> {
        let peer = peer.to_canonical();
        let is_exempt = (self.limits.is_loopback_exempt && peer.is_loopback())
            || self.limits.trusted_proxies.contain(peer);
        let client = (!is_exempt).then(|| network(peer));
        let mut open = self.open.lock();
        if let Some(client) = client
            && open
                .by_client
                .get(&client)
                .is_some_and(|count| *count >= self.limits.connections_per_client_max.max(1))
        {
            let own = open.first_to_go(Some(client)).ok_or(NoPlace::Client)?;
            open.close(own);
        } else if open.connections.len() >= self.limits.connections_max.max(1) {
            let any = open.first_to_go(None).ok_or(NoPlace::Full)?;
            open.close(any);
        }
        open.next += 1;
        let number = open.next;
        let activity = Arc::new(Activity::new(self.clock.now_ms()));
        let connection = Connection { activity: Arc::clone(&activity), client };
        open.connections.insert(number, connection);
        if let Some(client) = client {
            *open.by_client.entry(client).or_default() += 1;
        }
        Ok(Place { register: Arc::clone(self), number, activity })
    }

    /// Evicts an inactive connection, to free other resources. Returns whether there was one.
    pub(crate) fn make_room(&self) -> bool {
        let mut open = self.open.lock();
        let number = open.first_to_go(None);
        if let Some(number) = number {
            open.close(number);
        }
        number.is_some()
    }

    /// Signals all connections.
    pub(crate) fn tell_all(&self, signal: Signal) {
        self.open
            .lock()
            .connections
            .values()
            .for_each(|connection| connection.activity.tell(signal));
    }

    /// Waits until a connection closes, or for one sweep interval.
    pub(crate) async fn room(&self) {
        let _ = tokio::time::timeout(self.sweep_interval(), self.left.notified()).await;
    }

    /// Closes connections that have timed out, forever.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(self.sweep_interval()).await;
            let now_ms = self.clock.now_ms();
            for connection in self.open.lock().connections.values() {
                if let Some(verdict) = connection.activity.verdict(&self.limits, now_ms)
                    && !connection.activity.is_closed()
                {
                    tracing::debug!(?verdict, "connection closed");
                    connection.activity.tell(Signal::Close);
                }
            }
        }
    }

    fn sweep_interval(&self) -> Duration {
        let Limits {
            first_bytes_timeout_ms,
            header_read_timeout_ms,
            idle_timeout_ms,
            write_timeout_ms,
            ..
        } = self.limits;
        let shortest = first_bytes_timeout_ms
            .min(header_read_timeout_ms)
            .min(idle_timeout_ms)
            .min(write_timeout_ms);
        Duration::from_millis((shortest / 8).clamp(SWEEP_MS_MIN, SWEEP_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::super::activity::UnderWay;
    use super::*;

    fn register(connections_max: usize, connections_per_client_max: usize) -> Arc<Register> {
        let trusted_proxies = "203.0.113.0/24".parse().unwrap();
        Register::new(Limits {
            connections_max,
            connections_per_client_max,
            trusted_proxies,
            ..Limits::default()
        })
    }

    fn enter(register: &Arc<Register>, peer: &str) -> Result<Place, NoPlace> {
        register.enter(peer.parse().unwrap())
    }

    fn work(register: &Register, place: &Place) -> UnderWay {
        UnderWay::new(Arc::clone(&place.activity), register.clock)
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_limit_the_longest_silent_is_evicted_and_busy_ones_stay() {
        let register = register(3, 10);
        let [busy, old, new] =
            [1, 2, 3].map(|number| enter(&register, &format!("192.0.2.{number}")).unwrap());
        let at_work = work(&register, &busy);
        tokio::time::advance(Duration::from_millis(5)).await;
        let asked = enter(&register, "192.0.2.4").unwrap();
        let closed = |place: &Place| place.activity.is_closed();
        assert!(closed(&old) != closed(&new), "one of the two silent ones");
        drop(work(&register, &asked));
        let fifth = enter(&register, "192.0.2.5").unwrap();
        assert!(closed(&old) && closed(&new) && !closed(&asked));
        let more = work(&register, &fifth);
        let sixth = enter(&register, "192.0.2.6").unwrap();
        assert!(closed(&asked) && !closed(&busy));
        let most = work(&register, &sixth);
        assert_eq!(enter(&register, "192.0.2.7").unwrap_err(), NoPlace::Full);
        assert!(!register.make_room());
        drop((most, more, at_work));
        assert!(register.make_room());
    }

    #[tokio::test(start_paused = true)]
    async fn the_client_limit_exempts_loopback_and_proxies() {
        let register = register(100, 2);
        let a = enter(&register, "2001:db8:1:2::1").unwrap();
        let b = enter(&register, "2001:db8:1:2::2").unwrap();
        let (_a, _b) = (work(&register, &a), work(&register, &b));
        assert_eq!(enter(&register, "2001:db8:1:2::3").unwrap_err(), NoPlace::Client);
        enter(&register, "2001:db8:1:3::3").unwrap();
        drop(a);
        let c = enter(&register, "2001:db8:1:2::3").unwrap();
        let d = enter(&register, "2001:db8:1:2::4").unwrap();
        assert!(c.activity.is_closed() && !d.activity.is_closed() && !b.activity.is_closed());
        for exempt in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "203.0.113.9"] {
            let places: Vec<Place> = (0..5).map(|_| enter(&register, exempt).unwrap()).collect();
            assert!(places.iter().all(|place| !place.activity.is_closed()), "{exempt}");
        }
        drop((b, c, d));
        assert_eq!(register.open.lock().by_client.len(), 0);
        assert_eq!(register.open.lock().connections.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_sweep_closes_timed_out_connections() {
        let register = register(100, 100);
        let (silent, busy) =
            (enter(&register, "192.0.2.1").unwrap(), enter(&register, "192.0.2.2").unwrap());
        let _at_work = work(&register, &busy);
        let sweeping = Arc::clone(&register);
        let sweep = tokio::spawn(async move { sweeping.sweep().await });
        tokio::time::sleep(Duration::from_millis(4_900)).await;
        assert!(!silent.activity.is_closed());
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(silent.activity.is_closed() && !busy.activity.is_closed());
        sweep.abort();
    }
}
