//! Tables of an arena for the terminal.

use super::summary::{Blame, Share, Standing, Summary};

/// Maximum number of seats and players in tables; the report has all.
const WIDE: usize = 10;

/// Maximum length of a name, in characters.
const NAME: usize = 28;

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn interval(share: &Share) -> String {
    format!("{:>5} ({:>4} to {:>4})", percent(share.share), percent(share.low), percent(share.high))
}

fn short(name: &str) -> String {
    name.chars().take(NAME).collect()
}

/// All tables.
pub(crate) fn tables(summary: &Summary) -> String {
    let width = summary
        .players
        .iter()
        .map(|player| short(&player.name).chars().count())
        .max()
        .unwrap_or(0)
        .max(6);
    let mut text = format!(
        "{:<width$}  {:>6} {:>6}  {:<22} {:>5}  {:<24}\n",
        "player", "games", "wins", "share % (95 %)", "place", "rating (95 %)"
    );
    for Standing { name, wins, mean_place, rating, .. } in &summary.players {
        let share = interval(wins);
        let rating =
            format!("{:>5.2} ({:>5.2} to {:>5.2})", rating.rating, rating.low, rating.high);
        let (name, count, of) = (short(name), wins.count, wins.of);
        text.push_str(&format!(
            "{name:<width$}  {of:>6} {count:>6}  {share:<22} {mean_place:>5.2}  {rating}\n"
        ));
    }
    if summary.others.count > 0 {
        let (count, of) = (summary.others.count, summary.others.of);
        let share = interval(&summary.others);
        text.push_str(&format!("{:<width$}  {of:>6} {count:>6}  {share}\n", "others"));
    }
    by_seat(&mut text, summary, width);
    head_to_head(&mut text, summary, width);
    let (lengths, causes) = (&summary.lengths, &summary.causes);
    text.push_str(&format!(
        "\nlength      {} to {} ticks; 10 % {}, median {}, 90 % {}, 95 % {}\n",
        lengths.least, lengths.most, lengths.p10, lengths.median, lengths.p90, lengths.p95
    ));
    text.push_str(&format!(
        "ends        {} by domination, {} as the last one standing, {} on points\n",
        causes.domination, causes.last_standing, causes.tick_limit
    ));
    text.push_str(&format!(
        "a game has  {:.1} rebellions, {:.1} leader changes; {} % are snowballs, {} % of the orders refused\n",
        summary.rebellions_a_game,
        summary.leader_changes_a_game,
        percent(summary.snowballs.share),
        percent(summary.refused_orders.share)
    ));
    text.push_str(&format!("games       {} on {} maps", summary.games, summary.maps));
    if let Some(games) = summary.last_map_games {
        text.push_str(&format!(
            "; the last map was played in {games} of {} rotations, so seats are slightly unbalanced",
            summary.seats.len()
        ));
    }
    for Blame { player, kind, games, first_game, first, .. } in &summary.faults {
        text.push_str(&format!(
            "\nfault       {player} {kind} in {games} games; game {first_game}: {first}"
        ));
    }
    text
}

fn by_seat(text: &mut String, summary: &Summary, width: usize) {
    if summary.seats.len() > WIDE || summary.seats.len() < 2 {
        return;
    }
    text.push_str(&format!("\n{:<width$}", "wins % in"));
    for seat in 1..=summary.seats.len() {
        text.push_str(&format!(" {:>6}", format!("F{seat}")));
    }
    let rows = summary.players.iter().map(|player| (short(&player.name), &player.by_seat));
    for (name, seats) in rows.chain([("all".to_owned(), &summary.seats)]) {
        text.push_str(&format!("\n{name:<width$}"));
        for share in seats {
            let cell = if share.of == 0 { "-".to_owned() } else { percent(share.share) };
            text.push_str(&format!(" {cell:>6}"));
        }
    }
    text.push('\n');
}

fn head_to_head(text: &mut String, summary: &Summary, width: usize) {
    if summary.players.len() > WIDE || summary.players.len() < 3 {
        return;
    }
    text.push_str(&format!("\n{:<width$}", "% ahead of"));
    for player in &summary.players {
        text.push_str(&format!(" {:>10}", player.name.chars().take(10).collect::<String>()));
    }
    for player in &summary.players {
        text.push_str(&format!("\n{:<width$}", short(&player.name)));
        for against in &player.against {
            let cell = against.map_or("-".to_owned(), |against| percent(against.share));
            text.push_str(&format!(" {cell:>10}"));
        }
    }
    text.push('\n');
}
