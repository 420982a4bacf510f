//! Streams the replay of a run from the records in the store.
//!
//! The store keeps the orders and the digest of each tick. A version 2 file also has the outcome of
//! each order, so the run is played again on a blocking thread, and every digest is compared. Only a
//! world and a few records are in memory at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use http_kit::BoxError;
use process_kit::CancellationToken;
use sector_redis::{ServiceStore, UniverseId};
use sector_sim::replay::Writer;
use sector_sim::replay::journal::Header;
use sector_sim::replay::journal::Record;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

/// Records read per request to the store.
const RECORDS_AT_ONCE: usize = 500;
/// Approximate size of a chunk, in bytes.
const CHUNK_BYTES: usize = 64 << 10;
/// Maximum number of chunks waiting for the client.
const CHUNKS_MAX: usize = 4;
/// A client that reads nothing for this long is dropped.
const STALL: Duration = Duration::from_secs(30);

/// Records the replay of a run.
pub(super) struct Recorder {
    store: Arc<dyn ServiceStore>,
    header: Header,
    shutdown: CancellationToken,
}

/// Bytes waiting for the client.
type Sender = mpsc::Sender<Result<Bytes, BoxError>>;

impl Recorder {
    pub(super) fn new(
        store: Arc<dyn ServiceStore>,
        header: Header,
        shutdown: CancellationToken,
    ) -> Self {
        Self { store, header, shutdown }
    }

    /// The file in chunks, ending with an error if the replay fails. Holds the permit until the end.
    pub(super) fn record(
        self,
        permit: OwnedSemaphorePermit,
    ) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
        let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
        let handle = Handle::current();
        tokio::task::spawn_blocking(move || {
            let universe = self.header.universe_id.clone();
            if let Err(error) = self.play(&handle, &sender) {
                tracing::warn!(universe, %error, "replay aborted");
                // The client sees the connection break, unless it has already left.
                let _ = sender.try_send(Err(error));
            }
            drop(permit);
        });
        unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        })
    }

    fn play(&self, handle: &Handle, sender: &Sender) -> Result<(), BoxError> {
        let universe = UniverseId::from(self.header.universe_id.as_str());
        let last = self.last(handle)?;
        let mut world = self.header.world()?;
        let mut header = sector_sim::replay::Header::of(&universe, &world);
        header.engine.clone_from(&self.header.engine);
        let mut writer = Writer::new(&header, &world)?;
        while last.is_none_or(|last| world.tick() < last) {
            let from = world.tick() + 1;
            let records = handle.block_on(self.store.records(&universe, from, RECORDS_AT_ONCE))?;
            if records.is_empty() {
                match last {
                    None => break,
                    Some(_) => return Err(format!("the record of tick {from} is missing").into()),
                }
            }
            for (tick, record) in records {
                if last.is_some_and(|last| tick > last) {
                    break;
                }
                let record: Record = serde_json::from_str(&record)?;
                record.play(&mut world)?;
                writer.tick(&world, &record.orders)?;
                if writer.bytes().len() >= CHUNK_BYTES {
                    self.send(handle, sender, writer.take())?;
                }
            }
        }
        writer.finish(&world)?;
        self.send(handle, sender, writer.take())
    }

    /// Last tick to record of a running match; a finished one is recorded to its end.
    fn last(&self, handle: &Handle) -> Result<Option<u64>, BoxError> {
        let head = handle.block_on(self.store.head())?;
        Ok(head.filter(|head| head.universe == self.header.universe_id).map(|head| head.tick))
    }

    fn send(&self, handle: &Handle, sender: &Sender, bytes: Vec<u8>) -> Result<(), BoxError> {
        handle.block_on(async {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => Err("the server is stopping".into()),
                sent = timeout(STALL, sender.send(Ok(bytes.into()))) => match sent {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_)) => Err("the client has left".into()),
                    Err(_) => Err("the client does not read".into()),
                },
            }
        })
    }
}
