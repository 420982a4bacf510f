//! How a request came in: what the server knows of it beside what it says itself.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::quota::Standing;

/// How a request came in; [`crate::serve::serve`] puts it into each request's extensions. Cloning shares it.
#[derive(Clone)]
pub struct Arrival(Arc<Inner>);

struct Inner {
    peer: SocketAddr,
    client: IpAddr,
    shutdown: CancellationToken,
    standing: OnceLock<Standing>,
}

impl Arrival {
    /// A request over a connection from `peer` that comes from `client`, to a server that ends with `shutdown`.
    #[must_use]
    pub fn new(peer: SocketAddr, client: IpAddr, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Inner { peer, client, shutdown, standing: OnceLock::new() }))
    }

    /// Who is connected: the last hop, which may be a proxy.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// Whom the request comes from: the peer, or whoever a trusted proxy says is behind it.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.0.client
    }

    /// Cancelled when the server begins to shut down.
    #[must_use]
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// Leaves the standing of the quotas here, to be written on whatever the answer will be. The first stays: it belongs
    /// to the request, others to its parts.
    pub fn measured(&self, standing: Standing) {
        let _ = self.0.standing.set(standing);
    }

    /// How the quotas stand that measured the request, if any did.
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
