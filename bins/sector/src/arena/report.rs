//! The report of an arena: one self-contained HTML file for wide and narrow, light and dark
//! screens.

use std::fmt::Write;

use super::plot::{self, Line, SERIES, Whisker, short};
use super::summary::{Share, Summary};
use crate::tool::{Error, escape};

/// Maximum number of lines over time: one per colour.
const LINES: usize = SERIES;

/// Maximum number of seats with a table of their wins.
const SEATS: usize = 16;

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn card(class: &str, title: &str, body: &str, note: &str) -> String {
    format!(
        "<section class=\"card {class}\"><h2>{title}</h2><figure>{body}<figcaption>{note}</figcaption></figure>\
         </section>\n"
    )
}

/// The whole report.
pub(super) fn html(summary: &Summary) -> Result<String, Error> {
    let names: Vec<&str> = summary.players.iter().map(|player| player.name.as_str()).collect();
    let title = match names.len() {
        ..=6 => names.join(", "),
        count => format!("{count} players"),
    };
    let mut cards = card("wide", "Standing", &standing(summary), STANDING_NOTE);
    cards += &card("", "Ratings", &ratings(summary), "Dots are ratings, lines are 95 % intervals.");
    cards += &card(
        "",
        "Wins, in percent of the games played",
        &wins(summary),
        "The dashed line is what players of equal skill would win.",
    );
    if summary.players.len() > 1 {
        cards += &card("", "Head to head", &head_to_head(summary), HEAD_TO_HEAD_NOTE);
    }
    if summary.seats.len() <= SEATS {
        let note = "Games that a player won in each seat, in percent. Seats differ by personality and map.";
        cards += &card("", "Wins by seat", &by_seat(summary), note);
    }
    cards += &card("", "Length of the games, in ticks", &lengths(summary), &lengths_note(summary));
    cards += &card(
        "",
        "Value held over time, in percent of the sector",
        &value(summary),
        &value_note(summary),
    );
    cards += &format!(
        "<section class=\"card wide\"><h2>What was played</h2>{}<details><summary>All parameters and rules</summary>\
         <pre>{}</pre></details></section>\n",
        facts(summary),
        escape(&serde_json::to_string_pretty(&summary.parameters)?)
    );
    let title = escape(&title);
    let css = include_str!("report.css");
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Arena: {title}</title>\n\
         <style>\n{css}</style>\n</head>\n<body>\n<main>\n<h1>Arena: {title}</h1>\n\
         <p class=\"faint\">{} games on {} maps with {} seats.{}</p>\n<div class=\"cards\">\n{cards}</div>\n</main>\n\
         </body>\n</html>\n",
        summary.games,
        summary.maps,
        summary.seats.len(),
        summary.last_map_games.map_or(String::new(), |games| format!(
            " The last map was played in {games} rotations only, so seats are slightly unbalanced."
        )),
    ))
}

const STANDING_NOTE: &str = "Best rating first. 95 % intervals in brackets: players whose intervals overlap a lot may be \
    equally good. The winner of a game has the first place; the others follow by value held over time. Ratings start \
    at 25; a player rated 4.2 points higher is placed better in about two of three games.";

const HEAD_TO_HEAD_NOTE: &str = "Common games in which the player of the row was placed better than that of the \
    column, in percent; an equal place counts half.";

/// First cell of a row: a name, clipped on narrow screens.
fn named(name: &str) -> String {
    let name = escape(name);
    format!("<td class=\"who\" title=\"{name}\">{name}</td>")
}

fn standing(summary: &Summary) -> String {
    let mut table =
        "<div class=\"scroll\"><table><tr><th>Player</th><th>Rating</th><th></th><th>Wins</th>\
        <th>%</th><th></th><th>Mean place</th><th>Games</th></tr>"
            .to_owned();
    let bracket = |share: &Share| format!("({} to {})", percent(share.low), percent(share.high));
    for player in &summary.players {
        let (rating, wins) = (&player.rating, &player.wins);
        let _ = write!(
            table,
            "<tr>{}<td>{:.2}</td><td class=\"faint\">({:.2} to {:.2})</td><td>{}</td><td>{}</td>\
             <td class=\"faint\">{}</td><td>{:.2}</td><td>{}</td></tr>",
            named(&player.name),
            rating.rating,
            rating.low,
            rating.high,
            wins.count,
            percent(wins.share),
            bracket(wins),
            player.mean_place,
            wins.of
        );
    }
    let others = &summary.others;
    if others.count > 0 {
        let _ = write!(
            table,
            "<tr><td>League and splinters</td><td></td><td></td><td>{}</td><td>{}</td><td class=\"faint\">{}</td>\
             <td></td><td>{}</td></tr>",
            others.count,
            percent(others.share),
            bracket(others),
            others.of
        );
    }
    table + "</table></div>"
}

fn ratings(summary: &Summary) -> String {
    let rows = summary.players.iter().enumerate().map(|(series, player)| {
        let rating = &player.rating;
        Whisker {
            name: player.name.clone(),
            value: rating.rating,
            low: rating.low,
            high: rating.high,
            series,
        }
    });
    plot::whiskers("ratings with their intervals", &rows.collect::<Vec<_>>(), None, None)
}

fn wins(summary: &Summary) -> String {
    let rows = summary.players.iter().enumerate().map(|(series, player)| {
        let Share { share, low, high, .. } = player.wins;
        Whisker {
            name: player.name.clone(),
            value: 100.0 * share,
            low: 100.0 * low,
            high: 100.0 * high,
            series,
        }
    });
    let rows: Vec<Whisker> = rows.collect();
    let most = rows.iter().map(|row| row.high).fold(0.0, f64::max);
    let even = 100.0 / summary.seats.len().max(1) as f64;
    plot::whiskers(
        "win shares with their intervals",
        &rows,
        Some((0.0, most.max(even) * 1.02)),
        Some(even),
    )
}

/// A cell coloured by `off`, the distance of a share from the middle, −1 to 1.
fn cell(table: &mut String, share: f64, off: f64, title: &str) {
    let side = if off < 0.0 { "below" } else { "above" };
    let _ = write!(
        table,
        "<td title=\"{}\" style=\"background:color-mix(in oklab, var(--{side}) {:.0}%, transparent)\">{:.0}</td>",
        escape(title),
        off.abs().min(1.0) * 75.0,
        100.0 * share
    );
}

fn head_to_head(summary: &Summary) -> String {
    let mut table = "<div class=\"scroll\"><table class=\"heat\"><tr><th>ahead of</th>".to_owned();
    for player in &summary.players {
        let _ = write!(
            table,
            "<th title=\"{}\">{}</th>",
            escape(&player.name),
            escape(&short(&player.name, 10))
        );
    }
    table.push_str("</tr>");
    for player in &summary.players {
        let _ = write!(table, "<tr>{}", named(&player.name));
        for (against, other) in player.against.iter().zip(&summary.players) {
            match against {
                None => table.push_str("<td>–</td>"),
                Some(against) => {
                    let title = format!(
                        "{} ahead of {} in {} of {} games, even in {}",
                        player.name, other.name, against.better, against.games, against.even
                    );
                    cell(&mut table, against.share, 2.0 * against.share - 1.0, &title);
                }
            }
        }
        table.push_str("</tr>");
    }
    table + "</table></div>"
}

fn by_seat(summary: &Summary) -> String {
    let mut table = "<div class=\"scroll\"><table class=\"heat\"><tr><th>in seat</th>".to_owned();
    for seat in 1..=summary.seats.len() {
        let _ = write!(table, "<th>F{seat}</th>");
    }
    table.push_str("</tr>");
    let even = 1.0 / summary.seats.len().max(1) as f64;
    let rows = summary.players.iter().map(|player| (player.name.as_str(), &player.by_seat));
    for (name, seats) in rows.chain([("all", &summary.seats)]) {
        let _ = write!(table, "<tr>{}", named(name));
        for share in seats {
            if share.of == 0 {
                table.push_str("<td>–</td>");
                continue;
            }
            let off = if share.share < even {
                share.share / even - 1.0
            } else {
                (share.share - even) / (1.0 - even)
            };
            let title = format!(
                "{} of {} ({} to {} %)",
                share.count,
                share.of,
                percent(share.low),
                percent(share.high)
            );
            cell(&mut table, share.share, off, &title);
        }
        table.push_str("</tr>");
    }
    table + "</table></div>"
}

fn lengths(summary: &Summary) -> String {
    let lengths = &summary.lengths;
    plot::histogram("games by their length", lengths.bin, &lengths.histogram, lengths.median)
}

fn lengths_note(summary: &Summary) -> String {
    let lengths = &summary.lengths;
    format!(
        "From {} to {}; 10 % are shorter than {}, 50 % than {}, 90 % than {}, 95 % than {}.",
        lengths.least, lengths.most, lengths.p10, lengths.median, lengths.p90, lengths.p95
    )
}

fn value(summary: &Summary) -> String {
    // Up to the length of 95 % of the games; the lines hardly change after that.
    let count = (summary.lengths.p95 / summary.value_every.max(1) + 2) as usize;
    let part = |values: &'_ [u16]| values.len().min(count);
    let players = summary.players.iter().take(LINES);
    let lines: Vec<Line<'_>> = players
        .map(|player| {
            let band = &player.value;
            Line {
                name: &player.name,
                low: &band.low[..part(&band.low)],
                middle: &band.mean[..part(&band.mean)],
                high: &band.high[..part(&band.high)],
            }
        })
        .collect();
    let mut text = plot::lines("value held over time", summary.value_every, &lines);
    text.push_str("<ul class=\"legend\">");
    for (series, line) in lines.iter().enumerate() {
        let _ = write!(text, "<li class=\"s{series}\">{}</li>", escape(line.name));
    }
    text + "</ul>"
}

fn value_note(summary: &Summary) -> String {
    let note = "By tick. Lines are means, bands contain the middle half of the games; ended games count with their last value.";
    match summary.players.len() {
        ..=LINES => note.to_owned(),
        _ => format!("{note} Only the best {LINES} are shown."),
    }
}

fn facts(summary: &Summary) -> String {
    let causes = &summary.causes;
    let parameter = |name: &str| escape(&summary.parameters[name].to_string());
    let rows = [
        ("Seeds", format!("{} and the next {}", parameter("seed"), summary.maps.saturating_sub(1))),
        ("Systems", parameter("systems")),
        ("Rules", escape(summary.parameters["rules"]["name"].as_str().unwrap_or_default())),
        (
            "Ends",
            format!(
                "{} by domination, {} as the last one standing, {} on points",
                causes.domination, causes.last_standing, causes.tick_limit
            ),
        ),
        ("Rebellions", format!("{:.1} a game", summary.rebellions_a_game)),
        ("Leader changes", format!("{:.1} a game", summary.leader_changes_a_game)),
        ("Snowballs", format!("{} % of the games", percent(summary.snowballs.share))),
        ("Orders refused", format!("{} %", percent(summary.refused_orders.share))),
        ("Engine", escape(summary.parameters["engine"].as_str().unwrap_or_default())),
    ];
    let rows: String =
        rows.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>")).collect();
    format!("<dl>{rows}</dl>")
}
