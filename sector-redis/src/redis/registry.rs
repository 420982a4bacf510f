//! The set of all sectors of one Redis.
//!
//! In a cluster it lies in a slot of its own, so that no script of a sector can reach it; it is
//! written, outside of them, by opening a store. Adding twice does no harm.

use std::time::Duration;

use redis::cmd;

use super::answer::only;
use super::link::Link;
use super::options::RedisOptions;
use super::route::Route;
use crate::error::{Error, Result};
use crate::keys::{DEFAULT_SECTOR, KeyNames, REGISTRY};
use crate::sector_id::SectorId;

/// How long one look at the registry may take.
const LIMIT: Duration = Duration::from_secs(3);

/// Puts a sector on the list.
pub(super) async fn add(route: &Route, link: &Link, names: &KeyNames) -> Result<()> {
    let doing = "listing the sector";
    let member = names.sector_id.as_ref().map_or(DEFAULT_SECTOR, SectorId::as_str);
    let command = cmd("SADD").arg(REGISTRY).arg(member).to_owned();
    let added: Result<u64> = if route.is_cluster() {
        only(&mut route.connect(REGISTRY, LIMIT).await?, &command, doing).await
    } else {
        link.write_command(doing, &command).await
    };
    added.map(drop).map_err(foreign)
}

/// The sectors of a Redis: their ids in order, the sector without an id as `None`.
///
/// # Errors
/// [`Unavailable`](Error::Unavailable) when Redis does not answer; [`Config`](Error::Config) when
/// the URL is wrong, or the key [`REGISTRY`] is another's.
pub async fn sectors(options: &RedisOptions) -> Result<Vec<Option<SectorId>>> {
    let route = Route::parse(&options.url)?;
    let mut connection = route.connect(REGISTRY, LIMIT).await?;
    let members: Result<Vec<String>> =
        only(&mut connection, cmd("SMEMBERS").arg(REGISTRY), "listing sectors").await;
    let mut sectors = Vec::new();
    for member in members.map_err(foreign)? {
        sectors.push(match member.as_str() {
            DEFAULT_SECTOR => None,
            id => Some(
                id.parse()
                    .map_err(|_| foreign(Error::corrupt(REGISTRY, format!("it holds {id:?}"))))?,
            ),
        });
    }
    sectors.sort();
    Ok(sectors)
}

fn foreign(error: Error) -> Error {
    match error {
        error @ Error::Corrupt { .. } => Error::config_because(
            format!(
                "the key {REGISTRY:?} in Redis is in use by something else; use another database for the sectors"
            ),
            error,
        ),
        other => other,
    }
}
