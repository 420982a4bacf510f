//! The rules of the universes that are served: read once a universe from the header of its replay.

use sector_wire::Code;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use follow::Followed;
use http_kit::{Encoded, Problem};
use sector_sim::{Rules, read_header};

use crate::request::problems::of_store;

/// Most universes whose rules are remembered: as many as there can be open sectors.
const KEPT_MAX: usize = follow::sectors::OPEN_MAX + 1;

/// The rules of a universe.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) universe: String,
    pub(crate) rules_version: u32,
    pub(crate) rules: Arc<Rules>,
    /// What is said of them, once somebody asked.
    pub(crate) body: OnceLock<Encoded>,
}

/// The rules of the universes that were asked for last.
#[derive(Debug, Default)]
pub(crate) struct Rulebooks {
    kept: Mutex<VecDeque<Kept>>,
}

/// One of them, with the sector that it is of.
#[derive(Debug)]
struct Kept {
    sector: String,
    book: Arc<Rulebook>,
}

impl Rulebooks {
    /// The rules of a universe of this sector.
    ///
    /// # Errors
    /// 409 `foreign_rules` when they are of another version than this server's; those of the store.
    pub(crate) async fn of(
        &self,
        sector: &Followed,
        universe: &str,
    ) -> Result<Arc<Rulebook>, Problem> {
        let is_it = |kept: &Kept| kept.sector == sector.name() && kept.book.universe == universe;
        if let Some(kept) = self.lock().iter().find(|kept| is_it(kept)) {
            return Ok(Arc::clone(&kept.book));
        }
        let header = sector.store().replay_header(universe).await.map_err(of_store)?;
        // A client shown a universe that was just dropped may ask for the next one.
        let header = header.ok_or_else(|| {
            Problem::conflict(Code::RunOver, "This universe has just been replaced; ask again.")
        })?;
        let header = read_header(&header)
            .map_err(|error| error.to_string())
            .and_then(|header| header.check_rules_version().map(|()| header).map_err(|error| error.to_string()))
            .map_err(|error| {
                Problem::conflict(
                    Code::ForeignRules,
                    "The universe lives by rules of another version, which this server does not know.",
                )
                .with_source(error)
            })?;
        let book = Arc::new(Rulebook {
            universe: universe.to_owned(),
            rules_version: header.rules_version,
            rules: Arc::new(header.rules),
            body: OnceLock::new(),
        });
        let mut kept = self.lock();
        // Only the newest universe of a sector is worth keeping.
        kept.retain(|kept| kept.sector != sector.name());
        kept.push_back(Kept { sector: sector.name().to_owned(), book: Arc::clone(&book) });
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
        Ok(book)
    }

    // Nobody panics while the lock is held.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
