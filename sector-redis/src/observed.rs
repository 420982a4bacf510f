//! A store that reports each of its responses.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::forward;
use crate::layer::{Layer, Operation};
use crate::store::Store;

/// Receives every response of a store; see [`StoreOptions::observer`](crate::StoreOptions::observer).
pub trait Observer: Send + Sync + 'static {
    /// The store responded. `operation` is the name of the role's method; `took` is `None` for a read
    /// that may wait for something to read.
    fn answered(&self, operation: &'static str, took: Option<Duration>, error: Option<&Error>);
}

/// A store and the observer of its responses.
pub(crate) struct Observed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Layer for Observed {
    fn inner(&self, _: Operation) -> &dyn Store {
        &*self.store
    }

    async fn around<T: Send>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let began = Instant::now();
        let answer = answer.await;
        let took = operation.wait.is_zero().then(|| began.elapsed());
        self.observer.answered(operation.name, took, answer.as_ref().err());
        answer
    }
}

forward!(Observed: World, Status, Runs, Orders, Events, Claims, Documents, Control);
