//! `/leaderboard`: players ranked by victories.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use http_kit::{Problem, Response, reply};

use super::runs::finished;
use crate::request::call::Call;
use crate::request::problems::of_store;
use sector_wire::{Leader, Leaderboard, VICTORY, Victory};

/// Number of awards read at a time.
const AWARDS_READ: usize = 200;
/// Maximum number of players listed.
const LEADERS_MAX: usize = 1_000;

/// Players ranked by victories.
///
/// `wins` counts the victories ever awarded to a player in rated games, `unrated_wins` those in
/// games with fewer than two players. A player wins with the winning faction if their seat counts:
/// they held it for a large enough share of the run and were there at its end. `games` and
/// `games_won` count only the finished runs that are still kept (see `/runs`) in which the player's
/// seat counts. At most 1000 players are listed.
#[utoipa::path(
    get,
    path = "/leaderboard",
    operation_id = "leaderboard",
    tag = "sector",
    responses((status = 200, description = "Players, best first.", body = Leaderboard, example = json!({
        "players": [{"player": "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", "wins": 4, "games": 9, "games_won": 3}],
        "victories": 61, "computer_victories": 57, "runs_kept": 50
    })))
)]
pub(crate) async fn leaderboard(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let runs = finished(&call).await?;
    let mut players: HashMap<String, Leader> = HashMap::new();
    let (mut victories, mut computer_victories) = (0, 0);
    // A page may repeat an award while others are recorded.
    let mut counted = HashSet::new();
    let mut after = None;
    loop {
        let page = call.store().awards(after.as_deref(), AWARDS_READ).await.map_err(of_store)?;
        for award in page.awards.iter().filter(|award| award.award == VICTORY) {
            let mut hasher = DefaultHasher::new();
            (&award.universe, &award.faction).hash(&mut hasher);
            if !counted.insert(hasher.finish()) {
                continue;
            }
            victories += 1;
            let victory: Option<Victory> = serde_json::from_str(&award.body).ok();
            match victory.map(|victory| (victory.player, victory.rated)) {
                Some((Some(player), Some(false))) => {
                    leader(&mut players, &player).unrated_wins += 1;
                }
                Some((Some(player), _)) => leader(&mut players, &player).wins += 1,
                _ => computer_victories += 1,
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for run in &runs {
        let winner = run.winner.map(|winner| winner.to_string());
        for seat in run.players.iter().filter(|seat| seat.counts) {
            let leader = leader(&mut players, &seat.player);
            leader.games += 1;
            leader.games_won += u64::from(winner.as_deref() == Some(seat.faction.as_str()));
        }
    }
    let mut players: Vec<Leader> = players.into_values().collect();
    players.sort_by(|one, other| {
        (other.wins, other.games_won)
            .cmp(&(one.wins, one.games_won))
            .then_with(|| one.player.cmp(&other.player))
    });
    players.truncate(LEADERS_MAX);
    reply::json(&Leaderboard {
        players,
        victories,
        computer_victories,
        runs_kept: runs.len() as u64,
    })
}

fn leader<'a>(players: &'a mut HashMap<String, Leader>, player: &str) -> &'a mut Leader {
    players.entry(player.to_owned()).or_insert_with(|| Leader {
        player: player.to_owned(),
        wins: 0,
        unrated_wins: 0,
        games: 0,
        games_won: 0,
    })
}
