//! The rules of each served universe, read once from the header of its replay.

use sector_redis::UniverseId;
use sector_wire::Code;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use follow::Followed;
use http_kit::{Encoded, Problem};
use parking_lot::Mutex;
use sector_sim::Rules;
use sector_sim::replay::journal::read_header;

use crate::request::problems::of_store;

/// Maximum number of cached rulebooks: one for each sector that can be open.
const KEPT_MAX: usize = follow::sectors::OPEN_MAX + 1;

/// The rules of a universe.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) universe: UniverseId,
    pub(crate) rules_version: u32,
    pub(crate) rules: Arc<Rules>,
    /// Body of `GET /rules`, encoded on first use.
    pub(crate) body: OnceLock<Encoded>,
}

/// Cache of rulebooks, one per sector.
#[derive(Debug, Default)]
pub(crate) struct Rulebooks {
    kept: Mutex<VecDeque<Kept>>,
}

/// A rulebook with its sector.
#[derive(Debug)]
struct Kept {
    sector: String,
    book: Arc<Rulebook>,
}

impl Rulebooks {
    /// The rules of a universe of this sector.
    ///
    /// # Errors
    /// 409 `foreign_rules` if this server does not support their version; 409 `run_over` if the universe
    /// was replaced; errors of the store.
    pub(crate) async fn of(
        &self,
        sector: &Followed,
        universe: &UniverseId,
    ) -> Result<Arc<Rulebook>, Problem> {
        let is_it = |kept: &Kept| kept.sector == sector.name() && kept.book.universe == *universe;
        if let Some(kept) = self.kept.lock().iter().find(|kept| is_it(kept)) {
            return Ok(Arc::clone(&kept.book));
        }
        let header = sector.store().replay_header(universe).await.map_err(of_store)?;
        // The universe was dropped since the client learned of it.
        let header = header.ok_or_else(|| {
            Problem::conflict(Code::RunOver, "This universe has just been replaced; try again.")
        })?;
        let header = read_header(&header)
            .map_err(|error| error.to_string())
            .and_then(|header| {
                header.check_rules_version().map(|()| header).map_err(|error| error.to_string())
            })
            .map_err(|error| {
                Problem::conflict(
                    Code::ForeignRules,
                    "The universe uses a rules version that this server does not support.",
                )
                .with_source(error)
            })?;
        let book = Arc::new(Rulebook {
            universe: universe.clone(),
            rules_version: header.rules_version,
            rules: Arc::new(header.rules),
            body: OnceLock::new(),
        });
        let mut kept = self.kept.lock();
        // Keep only the newest universe of a sector.
        kept.retain(|kept| kept.sector != sector.name());
        kept.push_back(Kept { sector: sector.name().to_owned(), book: Arc::clone(&book) });
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
        Ok(book)
    }
}
