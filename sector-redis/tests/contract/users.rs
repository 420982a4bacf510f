//! A store that runs each operation as the Redis user of the service that uses it.
//!
//! The whole suite passes over it, so the shipped users have all the rights that their services need.
//! `tests/redis/users.rs` tests the rights they do not have.

use std::sync::Arc;

use sector_redis::{Layer, Operation, Place, Store, forward};
use store_testkit::RedisServer;

/// One connection for each user.
pub(crate) struct Users {
    worker: Arc<dyn Store>,
    api: Arc<dyn Store>,
    frontend: Arc<dyn Store>,
    minter: Arc<dyn Store>,
    operator: Arc<dyn Store>,
}

impl Users {
    pub(crate) async fn of(server: &RedisServer) -> Self {
        let store = async |user| {
            crate::bench::store(Place::redis(server.url_of(user)), Arc::default()).await
        };
        Self {
            worker: store("sim-worker").await,
            api: store("api").await,
            frontend: store("frontend").await,
            minter: store("nft-minter").await,
            operator: store("operator").await,
        }
    }
}

impl Layer for Users {
    fn inner(&self, operation: Operation) -> &dyn Store {
        match operation.name {
            "events_from" | "incarnation" => &*self.frontend,
            "record_award" | "award_count" | "run" => &*self.minter,
            "renew_incarnation" => &*self.operator,
            "acquire_lease" | "renew_lease" | "release_lease" | "commit" | "checkpoint"
            | "records" | "replay_header" | "orders_after" | "paused" | "restart_request"
            | "durability" => &*self.worker,
            _ => &*self.api,
        }
    }
}

forward!(Users: World, Status, Runs, Orders, Events, Claims, Documents, Control);
