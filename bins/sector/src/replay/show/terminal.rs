//! The map of a tick as text.

use std::collections::BTreeSet;

use sector_sim::board::Place;
use sector_sim::map::{Kind, SIDE};
use sector_sim::names::faction_color;
use sector_sim::{FactionId, SystemId, World};

use super::caption::Caption;
use crate::tool::thousands;

/// Colour support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// No colours.
    Plain,
    /// 256 colours.
    Indexed,
    /// 24-bit colours.
    True,
}

/// Characters per system below which a map has only marks.
const CELLS_A_SYSTEM: usize = 12;
/// Maximum number of fleets and of events listed.
const LISTED: usize = 10;

type Color = (u8, u8, u8);

const DIM: Color = (125, 118, 108);
const BONE: Color = (233, 225, 209);
const EMBER: Color = (255, 122, 60);

#[derive(Clone, Copy, Debug)]
struct Cell {
    character: char,
    color: Option<Color>,
    bold: bool,
    /// Dots of a lane, as the bits of a braille character.
    dots: u8,
    /// Whether there is more than a lane.
    taken: bool,
}

const EMPTY: Cell = Cell { character: ' ', color: None, bold: false, dots: 0, taken: false };

fn color_of(owner: Option<FactionId>) -> Color {
    let hex = owner.map_or("#7d766c", faction_color);
    let part = |at| {
        hex.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(128)
    };
    (part(1), part(3), part(5))
}

impl Ink {
    /// The text in this colour.
    fn paint(self, text: &str, (red, green, blue): Color, bold: bool) -> String {
        let weight = if bold { "1;" } else { "" };
        match self {
            Ink::Plain => text.to_owned(),
            Ink::True => format!("\x1b[{weight}38;2;{red};{green};{blue}m{text}\x1b[0m"),
            Ink::Indexed => {
                let step = |part: u8| (u16::from(part) * 5 + 127) / 255;
                let index = 16 + 36 * step(red) + 6 * step(green) + step(blue);
                format!("\x1b[{weight}38;5;{index}m{text}\x1b[0m")
            }
        }
    }
}

#[derive(Debug)]
struct Canvas<'a> {
    world: &'a World,
    width: usize,
    height: usize,
    cells: Vec<Cell>,
}

/// Draws the world, `width` columns wide.
pub(crate) fn draw(world: &World, caption: &Caption, width: usize, ink: Ink) -> String {
    // A character is about twice as high as it is wide.
    let height = (width * 9 / 20).clamp(12, 60);
    let mut canvas = Canvas { world, width, height, cells: vec![EMPTY; width * height] };
    canvas.lanes();
    canvas.systems();
    canvas.fleets();
    canvas.names();
    let clip = |text: &str| text.chars().take(width).collect::<String>();
    let mut text = format!("{}\n", ink.paint(&clip(&caption.title()), BONE, true));
    text.push_str(&format!("{}\n\n", ink.paint(&clip(&caption.details()), DIM, false)));
    canvas.print(ink, &mut text);
    text.push('\n');
    legend(world, caption, width, ink, &mut text);
    text
}

impl Canvas<'_> {
    fn cell(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        if column >= self.width { None } else { self.cells.get_mut(row * self.width + column) }
    }

    /// Position of a system in braille dots: two across and four down per character.
    fn dot(&self, system: SystemId) -> (i64, i64) {
        let Some(site) = self.world.map().sites().get(system.index()) else { return (0, 0) };
        let scale = |place: u32, length: usize| {
            (u64::from(place) * (length as u64 - 1) / u64::from(SIDE)) as i64
        };
        (scale(site.x, (self.width - 4) * 2) + 2, scale(site.y, self.height * 4))
    }

    fn place(&self, system: SystemId) -> (usize, usize) {
        let (x, y) = self.dot(system);
        (x as usize / 2, y as usize / 4)
    }

    fn owner(&self, system: SystemId) -> Option<FactionId> {
        self.world.board().system(system)?.owner
    }

    /// Lanes as lines of dots.
    fn lanes(&mut self) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let lanes = self.world.map().lanes();
        for lane in lanes {
            let ((ax, ay), (bx, by)) = (self.dot(lane.a), self.dot(lane.b));
            let steps = (bx - ax).abs().max((by - ay).abs()).max(1);
            let owner = self.owner(lane.a).filter(|owner| self.owner(lane.b) == Some(*owner));
            for step in 0..=steps {
                // Dashed across borders.
                if owner.is_none() && step % 4 > 1 {
                    continue;
                }
                let (x, y) = (ax + (bx - ax) * step / steps, ay + (by - ay) * step / steps);
                if let Some(cell) = self.cell(x as usize / 2, y as usize / 4) {
                    cell.dots |= BITS[(y % 4) as usize][(x % 2) as usize];
                    cell.color = Some(owner.map_or(DIM, |owner| color_of(Some(owner))));
                }
            }
        }
    }

    fn write(&mut self, column: usize, row: usize, text: &str, color: Color, bold: bool) {
        for (offset, character) in text.chars().enumerate() {
            if let Some(cell) = self.cell(column + offset, row) {
                *cell = Cell { character, color: Some(color), bold, dots: 0, taken: true };
            }
        }
    }

    fn is_crowded(&self) -> bool {
        self.world.map().len() * CELLS_A_SYSTEM > self.width * self.height
    }

    /// A mark for each system: its kind, and who owns it.
    fn systems(&mut self) {
        let mut fought = BTreeSet::new();
        for event in self.world.board().events() {
            fought.extend(event.highlight());
        }
        let crowded = self.is_crowded();
        for (index, site) in self.world.map().sites().iter().enumerate() {
            let id = SystemId(index as u32);
            let Some(state) = self.world.board().system(id) else { continue };
            let (column, row) = self.place(id);
            let mark = kind_mark(site.kind, state.owner.is_some());
            let owner = match state.owner {
                Some(owner) if !crowded => owner.to_string(),
                _ => String::new(),
            };
            let color = color_of(state.owner);
            self.write(column, row, &format!("{mark}{owner}"), color, true);
            let sign = if fought.contains(&id) {
                Some(('*', EMBER))
            } else {
                state.siege_owner.map(|besieger| ('!', color_of(Some(besieger))))
            };
            if let (Some((sign, color)), Some(column), false) =
                (sign, column.checked_sub(1), crowded)
            {
                self.write(column, row, &sign.to_string(), color, true);
            }
        }
    }

    /// An arrow for each moving fleet.
    fn fleets(&mut self) {
        let world = self.world;
        for fleet in world.board().fleets().iter() {
            let Place::Lane { from, to, departed, arrives } = fleet.place else { continue };
            let ((ax, ay), (bx, by)) = (self.dot(from), self.dot(to));
            let (gone, all) = (
                world.tick().saturating_sub(departed) as i64,
                arrives.saturating_sub(departed).max(1) as i64,
            );
            // From a quarter to three quarters of the way, never on the systems.
            let part = |a: i64, b: i64| a + (b - a) * (all + 2 * gone) / (4 * all);
            let (x, y) = (part(ax, bx), part(ay, by));
            let arrow = arrow(bx - ax, by - ay);
            if let Some(cell) = self.cell(x as usize / 2, y as usize / 4)
                && !cell.taken
            {
                let color = Some(color_of(Some(fleet.owner)));
                *cell = Cell { character: arrow, color, bold: true, dots: 0, taken: true };
            }
        }
    }

    /// Names and resting strength, where there is room.
    fn names(&mut self) {
        if self.is_crowded() {
            return;
        }
        let world = self.world;
        for (index, site) in world.map().sites().iter().enumerate() {
            let id = SystemId(index as u32);
            let (column, row) = self.place(id);
            let owner = self.owner(id);
            let mark = 1 + owner.map_or(0, |owner| owner.to_string().len());
            let fleets = world.board().fleets().at(id).filter(|fleet| Some(fleet.owner) == owner);
            let strength: i64 = fleets.map(|fleet| fleet.strength).sum();
            let long = if strength > 0 {
                format!("{} {}", site.name, thousands(strength))
            } else {
                site.name.to_string()
            };
            let short = if strength > 0 { thousands(strength) } else { String::new() };
            for text in [long, short] {
                let length = text.chars().count();
                let places = [
                    Some((column + mark + 1, row)),
                    row.checked_add(1).map(|row| (column.saturating_sub(length / 2), row)),
                    row.checked_sub(1).map(|row| (column.saturating_sub(length / 2), row)),
                    column.checked_sub(length + 2).map(|column| (column, row)),
                ];
                let room = places
                    .into_iter()
                    .flatten()
                    .find(|&(column, row)| length > 0 && self.is_free(column, row, length));
                if let Some((column, row)) = room {
                    self.write(column, row, &text, if strength > 0 { BONE } else { DIM }, false);
                    break;
                }
            }
        }
    }

    fn is_free(&self, column: usize, row: usize, length: usize) -> bool {
        let begin = column.saturating_sub(1);
        let Some(cells) =
            self.cells.get(row * self.width + begin..row * self.width + column + length)
        else {
            return false;
        };
        row < self.height && column + length <= self.width && cells.iter().all(|cell| !cell.taken)
    }

    fn print(&self, ink: Ink, text: &mut String) {
        for row in self.cells.chunks(self.width) {
            let last = row.iter().rposition(|cell| cell.character != ' ' || cell.dots != 0);
            let row = last.map_or(&[][..], |last| &row[..=last]);
            // Neighbours with the same style share their escape codes.
            for run in row.chunk_by(|a, b| a.color == b.color && a.bold == b.bold) {
                let characters: String = run.iter().map(shown).collect();
                match run.first().and_then(|cell| cell.color.map(|color| (color, cell.bold))) {
                    Some((color, bold)) => text.push_str(&ink.paint(&characters, color, bold)),
                    None => text.push_str(&characters),
                }
            }
            text.push('\n');
        }
    }
}

fn shown(cell: &Cell) -> char {
    match cell.dots {
        0 => cell.character,
        dots => char::from_u32(0x2800 + u32::from(dots)).unwrap_or('.'),
    }
}

const fn kind_mark(kind: Kind, owned: bool) -> char {
    match (kind, owned) {
        (Kind::Normal, true) => '●',
        (Kind::Normal, false) => '○',
        (Kind::Relic, true) => '◆',
        (Kind::Relic, false) => '◇',
        (Kind::Forge, true) => '■',
        (Kind::Forge, false) => '□',
        (Kind::Hive, true) => '▲',
        (Kind::Hive, false) => '△',
    }
}

/// Arrow of a direction, in dots, which are square.
fn arrow(x: i64, y: i64) -> char {
    let (wide, high) = (x.abs(), y.abs());
    match (wide > 2 * high, high > 2 * wide, x >= 0, y >= 0) {
        (true, _, true, _) => '→',
        (true, _, false, _) => '←',
        (_, true, _, true) => '↓',
        (_, true, _, false) => '↑',
        (_, _, true, true) => '↘',
        (_, _, true, false) => '↗',
        (_, _, false, true) => '↙',
        (_, _, false, false) => '↖',
    }
}

fn legend(world: &World, caption: &Caption, width: usize, ink: Ink, text: &mut String) {
    let clip = |line: &str| line.chars().take(width).collect::<String>();
    let board = world.board();
    let head = format!(
        "{:<4} {:<30} {:>7} {:>5} {:>9} {:>7}",
        "id", "faction", "systems", "value", "strength", "economy"
    );
    text.push_str(&format!("{}\n", ink.paint(&clip(&head), DIM, false)));
    for faction in board.standing() {
        let name: String = faction.name.chars().take(30).collect();
        let line = format!(
            "{:<4} {name:<30} {:>7} {:>5} {:>9} {:>7}",
            faction.id.to_string(),
            faction.systems,
            faction.value,
            thousands(faction.strength),
            thousands(faction.economy)
        );
        text.push_str(&format!("{}\n", ink.paint(&clip(&line), color_of(Some(faction.id)), false)));
    }
    let name = |id: SystemId| world.map().sites().get(id.index()).map_or("", |site| &site.name);
    let under_way: Vec<_> = board.fleets().iter().filter(|fleet| fleet.at().is_none()).collect();
    if !under_way.is_empty() {
        text.push('\n');
    }
    for fleet in under_way.iter().take(LISTED) {
        let Place::Lane { from, to, arrives, .. } = fleet.place else { continue };
        let (owner, strength) = (fleet.owner.to_string(), thousands(fleet.strength));
        let line = format!(
            "{owner:<4} {strength:>7}  {} → {}, arrives in tick {arrives}",
            name(from),
            name(to)
        );
        text.push_str(&format!(
            "{}\n",
            ink.paint(&clip(&line), color_of(Some(fleet.owner)), false)
        ));
    }
    if under_way.len() > LISTED {
        text.push_str(&format!("and {} more moving fleets\n", under_way.len() - LISTED));
    }
    if !caption.events.is_empty() {
        text.push('\n');
    }
    for event in caption.events.iter().take(LISTED) {
        text.push_str(&format!("{}\n", clip(event)));
    }
    if caption.events.len() > LISTED {
        text.push_str(&format!("and {} more events\n", caption.events.len() - LISTED));
    }
    let signs = "● system  ◆ relic  ■ forge  ▲ hive (hollow: unowned)  → fleet  * fought or taken  ! besieged";
    text.push_str(&format!("\n{}", ink.paint(&clip(signs), DIM, false)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_where_a_fleet_goes() {
        let directions = [(9, 1), (9, 9), (1, 9), (-9, 9), (-9, 1), (-9, -9), (1, -9), (9, -9)];
        assert_eq!(directions.map(|(x, y)| arrow(x, y)), ['→', '↘', '↓', '↙', '←', '↖', '↑', '↗']);
    }

    #[test]
    fn ink_is_for_terminals_alone() {
        assert_eq!(Ink::Plain.paint("x", BONE, true), "x");
        assert_eq!(Ink::Indexed.paint("x", (255, 0, 0), false), "\x1b[38;5;196mx\x1b[0m");
        assert_eq!(Ink::True.paint("x", (1, 2, 3), true), "\x1b[1;38;2;1;2;3mx\x1b[0m");
    }
}
