//! How a request arrived: peer, client, shutdown and quotas.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::quota::Standing;

/// How a request arrived; [`crate::serve::serve`] adds it to the extensions of each request. Clones
/// share the state.
#[derive(Clone)]
pub struct Arrival(Arc<Inner>);

struct Inner {
    peer: SocketAddr,
    client: IpAddr,
    shutdown: CancellationToken,
    standing: OnceLock<Standing>,
}

impl Arrival {
    /// A request from `client` over a connection from `peer`. `shutdown` is that of the server.
    #[must_use]
    pub fn new(peer: SocketAddr, client: IpAddr, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Inner { peer, client, shutdown, standing: OnceLock::new() }))
    }

    /// The other end of the connection, which may be a proxy.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// Address of the client: the peer, or the client that a trusted proxy names.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.0.client
    }

    /// Cancelled when the server starts to shut down.
    #[must_use]
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Sets the quota state to write into the response. Only the first call counts: it belongs to
    /// the request, later ones to its parts.
    pub fn measured(&self, standing: Standing) {
        let _ = self.0.standing.set(standing);
    }

    /// Quota state of the request; none if no quota was checked.
    #[must_use]
    pub fn standing(&self) -> Option<&Standing> {
        self.0.standing.get()
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { peer, client, standing, .. } = &*self.0;
        formatter
            .debug_struct("Arrival")
            .field("peer", peer)
            .field("client", client)
            .field("standing", standing)
            .finish_non_exhaustive()
    }
}
