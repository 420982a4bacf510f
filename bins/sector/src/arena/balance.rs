//! `sector arena --balance`: measures a rule set and compares the results with targets.

use std::path::Path;

use sector_sim::FactionId;
use sector_sim::event::Cause;

use super::field::Personalities;
use super::record::Record;
use super::summary::Share;
use super::{Options, pool, table};
use crate::tool::{Error, jobs, progress_bar, quantile, read_text, say, write_text};

/// Marks around the table in a document.
const BEGIN: &str = "<!-- balance -->";
const END: &str = "<!-- /balance -->";

/// The tick before which a game counts as decided early enough.
const EARLY: u64 = 1_500;

/// A measured value, and whether it meets its target; `None` without a target.
type Cell = (String, Option<bool>);

/// Measurements with one way of assigning personalities.
#[derive(Debug, Default)]
struct Measured {
    ticks: Vec<u64>,
    decided_early: u64,
    /// Wins of each seat.
    wins: Vec<u64>,
    /// Wins of the League and splinters.
    others: u64,
    rebellions: Vec<u64>,
    many_leaders: u64,
    snowballs: u64,
}

impl Measured {
    fn add(&mut self, record: &Record) {
        self.ticks.push(record.ticks);
        self.decided_early += u64::from(record.ticks < EARLY && record.cause != Cause::TickLimit);
        self.wins.resize(record.places.len(), 0);
        let winner = record.winner.map(FactionId::index);
        match winner.and_then(|seat| self.wins.get_mut(seat)) {
            Some(wins) => *wins += 1,
            None => self.others += u64::from(winner.is_some()),
        }
        self.rebellions.push(u64::from(record.rebellions));
        self.many_leaders += u64::from(record.leader_changes >= 3);
        self.snowballs += u64::from(record.snowball);
    }

    fn sort(&mut self) {
        self.ticks.sort_unstable();
        self.rebellions.sort_unstable();
    }

    fn share(&self, count: u64) -> Share {
        Share::new(count, self.ticks.len() as u64)
    }

    /// A share with its interval, compared with a target.
    fn judged(&self, count: u64, target: impl Fn(f64) -> bool) -> Cell {
        let share = self.share(count);
        (percent(&share), Some(target(share.share)))
    }
}

fn percent(share: &Share) -> String {
    format!("{:.1} % ({:.1} to {:.1})", 100.0 * share.share, 100.0 * share.low, 100.0 * share.high)
}

pub(super) fn balance(options: &Options) -> Result<(), Error> {
    let games = options.games();
    // Fail before the games are played if the document cannot be read.
    let document = options
        .write
        .as_deref()
        .map(|path| Document::read(path).map(|text| (path, text)))
        .transpose()?;
    let bar = progress_bar(2 * games, "game", false);
    let mut columns = Vec::new();
    let mut standard = table(options)?;
    for personalities in [Personalities::Equal, Personalities::Seats] {
        standard.personalities = personalities;
        let mut measured = Measured::default();
        pool::play(&standard, 0..games, jobs(options.jobs), |record| {
            measured.add(&record);
            bar.inc(1);
            Ok(true)
        })?;
        measured.sort();
        columns.push(measured);
    }
    bar.finish_and_clear();
    let size = standard.size;
    let caption = format!(
        "{games} games on the maps of the seeds {} to {}, {} systems, `classic` in all {} seats, rules `{}`",
        options.setting.seed,
        options.setting.seed + games - 1,
        size.systems,
        size.factions,
        standard.rules.name
    );
    let rows = rows(&columns, standard.rules.victory.tick_limit as u64);
    let markdown = format!("{caption}:\n\n{}", markdown(&rows));
    if let Some((path, document)) = document {
        let Document { before, after } = document;
        write_text(path, &format!("{before}{BEGIN}\n{markdown}\n{END}{after}"))?;
    }
    say(&format!("{caption}\n\n{}", plain(&rows)))
}

/// Name, target, and cells.
type Row = (String, String, Vec<Cell>);

fn rows(columns: &[Measured], tick_limit: u64) -> Vec<Row> {
    let row = |what: &str, target: &str, cell: &dyn Fn(usize, &Measured) -> Cell| -> Row {
        (
            what.to_owned(),
            target.to_owned(),
            columns.iter().enumerate().map(|(at, one)| cell(at, one)).collect(),
        )
    };
    let seats = columns.first().map_or(0, |one| one.wins.len());
    vec![
        row("median length", "200 to 500 ticks", &|_, one| {
            let median = quantile(&one.ticks, 500);
            (format!("{median} ticks"), Some((200..=500).contains(&median)))
        }),
        row("length, 10 % and 90 %", "", &|_, one| {
            (format!("{}, {} ticks", quantile(&one.ticks, 100), quantile(&one.ticks, 900)), None)
        }),
        row(
            &format!("decided before tick {}", EARLY.min(tick_limit)),
            "at least 95 %",
            &|_, one| one.judged(one.decided_early, |share| share >= 0.95),
        ),
        row(&format!("wins of F1 to F{seats}"), "14 to 26 % if equal", &|at, one| {
            let shares: Vec<f64> = one.wins.iter().map(|wins| one.share(*wins).share).collect();
            let text: Vec<String> =
                shares.iter().map(|share| format!("{:.1}", 100.0 * share)).collect();
            let fair = shares.iter().all(|share| (0.14..=0.26).contains(share));
            (format!("{} %", text.join(", ")), (at == 0 && seats == 5).then_some(fair))
        }),
        row("wins of the League and splinters", "", &|_, one| {
            (percent(&one.share(one.others)), None)
        }),
        row("rebellions a run", "2 to 8 on average", &|_, one| {
            let mean =
                one.rebellions.iter().sum::<u64>() as f64 / one.rebellions.len().max(1) as f64;
            (format!("{mean:.1}"), Some((2.0..=8.0).contains(&mean)))
        }),
        row("rebellions, 10 %, half and 90 % of the runs", "", &|_, one| {
            let at = |per_mille| quantile(&one.rebellions, per_mille);
            (format!("{}, {}, {}", at(100), at(500), at(900)), None)
        }),
        row("at least three changes of the leader", "at least 50 %", &|_, one| {
            one.judged(one.many_leaders, |share| share >= 0.5)
        }),
        row("one faction takes 60 %, none of its systems lost", "below 5 %", &|_, one| {
            one.judged(one.snowballs, |share| share < 0.05)
        }),
    ]
}

const HEAD: [&str; 4] = ["", "target", "equal personalities", "those of the rule set"];

/// The table as text of equal columns.
fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    let verdict = |met: &Option<bool>| match met {
        Some(true) => ", met",
        Some(false) => ", **missed**",
        None => "",
    };
    let body = rows.iter().map(|(what, target, cells)| {
        let mut line = vec![what.clone(), target.clone()];
        line.extend(cells.iter().map(|(text, met)| format!("{text}{}", verdict(met))));
        line
    });
    std::iter::once(HEAD.map(str::to_owned).to_vec()).chain(body).collect()
}

fn markdown(rows: &[Row]) -> String {
    let mut lines = cells(rows).into_iter().map(|line| format!("| {} |", line.join(" | ")));
    let head = lines.next().unwrap_or_default();
    let body: Vec<String> = lines.collect();
    format!("{head}\n| --- | --- | --- | --- |\n{}", body.join("\n"))
}

fn plain(rows: &[Row]) -> String {
    let cells = cells(rows);
    let width =
        |column: usize| cells.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let line = |line: &Vec<String>| {
        let padded = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{:<width$}", cell.replace("**", "")));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A document: the texts before and after the table.
#[derive(Debug)]
struct Document {
    before: String,
    after: String,
}

impl Document {
    fn read(path: &Path) -> Result<Document, Error> {
        let text = read_text(path)?;
        let marked = text.split_once(BEGIN).and_then(|(before, rest)| {
            rest.split_once(END)
                .map(|(_, after)| Document { before: before.to_owned(), after: after.to_owned() })
        });
        marked.ok_or_else(|| format!("{} needs lines {BEGIN} and {END}", path.display()).into())
    }
}
