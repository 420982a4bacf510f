//! The rules of each served universe, read once from the header of its replay.

use sector_redis::UniverseId;
use sector_wire::Code;
use std::sync::{Arc, OnceLock};

use follow::Followed;
use http_kit::{Encoded, Problem};
use sector_sim::Rules;
use sector_sim::replay::journal::read_header;

use crate::recent::Recent;
use crate::request::problems::of_store;

/// The rules of a universe.
#[derive(Debug)]
pub(crate) struct Rulebook {
    pub(crate) universe: UniverseId,
    pub(crate) rules_version: u32,
    pub(crate) rules: Arc<Rules>,
    /// Body of `GET /rules`, encoded on first use.
    pub(crate) body: OnceLock<Encoded>,
}

/// The rulebook of the newest universe of each sector.
pub(crate) type Rulebooks = Recent<String, Arc<Rulebook>>;

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
        // Rules never change, so the time does not matter.
        let kept = self.get(sector.name(), 0);
        if let Some(book) = kept.filter(|book| book.universe == *universe) {
            return Ok(book);
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
        self.put(sector.name().to_owned(), Arc::clone(&book), 0);
        Ok(book)
    }
}
