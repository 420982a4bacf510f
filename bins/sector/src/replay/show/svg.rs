//! The map of a tick as self-contained SVG, without scripts, fonts or links.
//! Colour is never the only sign: owners also have a pattern and their id, kinds have shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sector_sim::board::{Fleet, Place};
use sector_sim::map::{Kind, SIDE};
use sector_sim::names::faction_color;
use sector_sim::{Event, FactionId, SystemId, World};

use super::area::{self, Point};
use super::caption::Caption;
use crate::tool::{escape, thousands};

const MAP: f64 = 900.0;
/// Minimum distance of systems from the edges.
const MARGIN: f64 = 30.0;
/// Radius of an area, in typical distances.
const REACH: f64 = 0.62;
const TOP: f64 = 64.0;
const PANEL: f64 = 340.0;
const VOID: &str = "#0b0a0c";
const BONE: &str = "#e9e1d1";
const DIM: &str = "#ada393";
const LINE: &str = "#342d28";
const BRASS: &str = "#d0a662";
const EMBER: &str = "#ff7a3c";
const NOBODY: &str = "#7d766c";
/// Maximum number of systems with names.
const NAMED_SYSTEMS: usize = 150;
/// Maximum number of systems with areas.
const AREA_SYSTEMS: usize = 3_000;

/// An occupied rectangle.
#[derive(Clone, Copy, Debug)]
struct Taken {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Taken {
    fn around(x: f64, y: f64, half_width: f64, half_height: f64) -> Taken {
        Taken {
            left: x - half_width,
            top: y - half_height,
            right: x + half_width,
            bottom: y + half_height,
        }
    }

    /// Common area of both.
    fn overlap(&self, other: &Taken) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }
}

struct Picture<'a> {
    world: &'a World,
    out: String,
    /// Typical distance between neighbours.
    spacing: f64,
    margin: f64,
    battles: BTreeSet<SystemId>,
    captures: BTreeSet<SystemId>,
    taken: Vec<Taken>,
}

/// Draws the world.
pub(crate) fn draw(world: &World, caption: &Caption) -> String {
    let spacing = MAP / ((world.map().len() as f64).sqrt() + 2.0 * REACH + 0.1);
    let margin = MARGIN.max(spacing * (REACH + 0.05));
    let mut picture = Picture {
        world,
        out: String::new(),
        spacing,
        margin,
        battles: BTreeSet::new(),
        captures: BTreeSet::new(),
        taken: Vec::new(),
    };
    for event in world.board().events() {
        match event {
            Event::Battle { system, .. } => picture.battles.insert(*system),
            Event::Captured { system, .. }
            | Event::Rebelled { system, .. }
            | Event::Seceded { system, .. } => picture.captures.insert(*system),
            _ => false,
        };
    }
    picture.all(caption);
    picture.out
}

fn color(owner: Option<FactionId>) -> &'static str {
    owner.map_or(NOBODY, faction_color)
}

impl Picture<'_> {
    /// Adds a line to the picture. Writing to a string cannot fail.
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn at(&self, system: SystemId) -> (f64, f64) {
        let scale = (MAP - 2.0 * self.margin) / f64::from(SIDE);
        self.world.map().sites().get(system.index()).map_or((0.0, 0.0), |site| {
            (self.margin + f64::from(site.x) * scale, TOP + self.margin + f64::from(site.y) * scale)
        })
    }

    fn radius(&self, system: SystemId) -> f64 {
        let value =
            self.world.map().sites().get(system.index()).map_or(1.0, |site| f64::from(site.value));
        (5.0 + value * 0.75).min(self.spacing * 0.24).max(0.8)
    }

    fn owner(&self, system: SystemId) -> Option<FactionId> {
        self.world.board().system(system)?.owner
    }

    fn systems(&self) -> impl Iterator<Item = SystemId> + use<> {
        (0..self.world.map().len() as u32).map(SystemId)
    }

    fn all(&mut self, caption: &Caption) {
        let (width, height) = (MAP + PANEL, TOP + MAP);
        self.put(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="'Segoe UI',Inter,'Noto Sans',Roboto,'Helvetica Neue','DejaVu Sans',sans-serif" role="img">"#
        ));
        self.put(format_args!("<title>{}</title>", escape(&caption.title())));
        self.put(format_args!("<desc>{}</desc>", escape(&caption.details())));
        self.patterns();
        self.put(format_args!(r#"<rect width="{width}" height="{height}" fill="{VOID}"/>"#));
        self.heading(caption, width);
        self.territories();
        self.lanes();
        for system in self.systems() {
            self.system(system);
        }
        self.lane_fleets();
        self.labels();
        self.legend(caption);
        self.put(format_args!("</svg>"));
    }

    /// A hatching per faction, with different angles and distances.
    fn patterns(&mut self) {
        self.put(format_args!("<defs>"));
        for faction in self.world.board().factions() {
            let (id, index) = (faction.id, faction.id.index());
            let (angle, step) = ((index * 53) % 180, 7 + (index % 3) * 3);
            let color = faction_color(id);
            let mark = if index % 4 == 3 {
                format!(r#"<circle cx="3" cy="3" r="1.3" fill="{color}"/>"#)
            } else {
                format!(r#"<path d="M0 0V{step}" stroke="{color}" stroke-width="2.4"/>"#)
            };
            self.put(format_args!(
                r##"<pattern id="p{id}" width="{step}" height="{step}" patternUnits="userSpaceOnUse" patternTransform="rotate({angle})"><rect width="{step}" height="{step}" fill="{color}" fill-opacity=".5"/>{mark}</pattern>"##
            ));
        }
        self.put(format_args!(
            r#"<clipPath id="map"><rect y="{TOP}" width="{MAP}" height="{MAP}"/></clipPath></defs>"#
        ));
    }

    fn heading(&mut self, caption: &Caption, width: f64) {
        let (title, details) = (escape(&caption.title()), escape(&caption.details()));
        self.put(format_args!(
            r#"<text x="28" y="31" fill="{BONE}" font-size="19" font-weight="700" letter-spacing="1.2">{title}</text>"#
        ));
        self.put(format_args!(
            r#"<text x="28" y="50" fill="{DIM}" font-size="12">{details}</text>"#
        ));
        self.put(format_args!(
            r#"<path d="M0 {TOP}H{width}M{MAP} {TOP}V{}" stroke="{LINE}"/>"#,
            TOP + MAP
        ));
    }

    /// Areas of factions, hatched, with borders.
    fn territories(&mut self) {
        if self.world.map().len() > AREA_SYSTEMS {
            return;
        }
        let points: Vec<Point> = self.systems().map(|system| self.at(system)).collect();
        let cells = area::cells(&points, self.spacing * REACH);
        let owner = |index: usize| self.owner(SystemId(index as u32));
        let (mut grounds, mut borders) =
            (BTreeMap::<FactionId, String>::new(), BTreeMap::<FactionId, String>::new());
        for (index, sides) in cells.iter().enumerate() {
            let Some(faction) = owner(index) else { continue };
            let (ground, border) =
                (grounds.entry(faction).or_default(), borders.entry(faction).or_default());
            for (corner, side) in sides.iter().enumerate() {
                let ((ax, ay), next) =
                    (side.from, sides.get((corner + 1) % sides.len()).unwrap_or(side));
                let sign = if corner == 0 { 'M' } else { 'L' };
                let _ = write!(ground, "{sign}{ax:.1} {ay:.1}");
                if side.beyond.and_then(owner) != Some(faction) {
                    let _ =
                        write!(border, "M{ax:.1} {ay:.1}L{:.1} {:.1}", next.from.0, next.from.1);
                }
            }
            ground.push('Z');
        }
        self.put(format_args!(r#"<g clip-path="url(#map)">"#));
        for (id, ground) in grounds {
            self.put(format_args!(r#"<path d="{ground}" fill="url(#p{id})" opacity=".36"/>"#));
        }
        for (id, border) in borders {
            let color = faction_color(id);
            self.put(format_args!(
                r#"<path d="{border}" fill="none" stroke="{color}" stroke-width="1.6" stroke-linecap="round" stroke-opacity=".85"/>"#
            ));
        }
        self.put(format_args!("</g>"));
    }

    fn lanes(&mut self) {
        let (mut own, mut other) = (BTreeMap::<FactionId, String>::new(), String::new());
        for lane in self.world.map().lanes() {
            let ((ax, ay), (bx, by)) = (self.at(lane.a), self.at(lane.b));
            let line = match (self.owner(lane.a), self.owner(lane.b)) {
                (Some(a), Some(b)) if a == b => own.entry(a).or_default(),
                _ => &mut other,
            };
            let _ = write!(line, "M{ax:.1} {ay:.1}L{bx:.1} {by:.1}");
        }
        let width = (self.spacing / 60.0).clamp(0.6, 1.4);
        self.put(format_args!(
            r#"<path d="{other}" fill="none" stroke="{NOBODY}" stroke-opacity=".75" stroke-width="{width:.2}" stroke-dasharray="{:.1} {:.1}"/>"#,
            width * 3.0,
            width * 3.0
        ));
        for (faction, line) in own {
            let color = faction_color(faction);
            self.put(format_args!(
                r#"<path d="{line}" fill="none" stroke="{color}" stroke-opacity=".9" stroke-width="{width:.2}"/>"#
            ));
        }
    }

    fn system(&mut self, id: SystemId) {
        let ((x, y), radius) = (self.at(id), self.radius(id));
        let Some(site) = self.world.map().sites().get(id.index()) else { return };
        let Some(state) = self.world.board().system(id) else { return };
        let color = color(state.owner);
        // Narrower rings for dense maps.
        let dense = (self.spacing / 50.0).clamp(0.15, 1.0);
        if self.battles.contains(&id) {
            self.put(format_args!(
                r#"<path d="{}" fill="{EMBER}" fill-opacity=".9"/>"#,
                star(x, y, radius + 5.0 * dense, radius + 13.0 * dense)
            ));
        }
        if self.captures.contains(&id) {
            let ring = radius + 8.0 * dense;
            self.put(format_args!(
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="{ring:.1}" fill="none" stroke="{BONE}" stroke-width="1.6"/>"#
            ));
        }
        if let Some(besieger) = state.siege_owner {
            let (ring, color) = (radius + 5.0 * dense, faction_color(besieger));
            self.put(format_args!(
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="{ring:.1}" fill="none" stroke="{color}" stroke-width="2.4" stroke-dasharray="4 3"/>"#
            ));
        }
        let form = shape(site.kind, x, y, radius);
        let fill = if state.owner.is_some() { color } else { VOID };
        let line = (radius / 5.0).clamp(0.4, 2.4);
        let name = escape(&site.name);
        self.put(format_args!(
            r#"<path d="{form}" fill="{VOID}" stroke="{color}" stroke-width="{line:.1}"><title>{name} ({id}), value {}</title></path><path d="{}" fill="{fill}"/>"#,
            site.value,
            shape(site.kind, x, y, radius * 0.56)
        ));
        if self.world.board().factions().iter().any(|faction| faction.home == Some(id)) {
            let ring = radius + 3.2 * dense;
            self.put(format_args!(
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="{ring:.1}" fill="none" stroke="{color}" stroke-width=".9"/>"#
            ));
        }
        self.taken.push(Taken::around(x, y, radius + 4.0, radius + 4.0));
    }

    /// Moving fleets, as arrows.
    fn lane_fleets(&mut self) {
        let fleets: Vec<Fleet> = self.world.board().fleets().iter().cloned().collect();
        for fleet in fleets {
            let Place::Lane { from, to, departed, arrives } = fleet.place else { continue };
            let ((ax, ay), (bx, by)) = (self.at(from), self.at(to));
            let (gone, all) = (
                self.world.tick().saturating_sub(departed),
                arrives.saturating_sub(departed).max(1),
            );
            // Between the systems, never on them.
            let part = 0.25 + 0.5 * gone as f64 / all as f64;
            let (x, y) = (ax + (bx - ax) * part, ay + (by - ay) * part);
            let angle = (by - ay).atan2(bx - ax).to_degrees();
            let size = (self.spacing / 11.0)
                .clamp(1.5, 3.0 + (fleet.strength as f64 / 1000.0).sqrt().clamp(3.5, 9.0) * 1.4);
            let (color, owner, strength) =
                (faction_color(fleet.owner), fleet.owner, thousands(fleet.strength));
            self.put(format_args!(
                r#"<path transform="translate({x:.1} {y:.1}) rotate({angle:.1})" d="M{size:.1} 0L{:.1} {:.1}L{:.1} 0L{:.1} {:.1}Z" fill="{color}" stroke="{VOID}" stroke-width="1"><title>fleet {} of {owner}, {strength}, arrives in tick {arrives}</title></path>"#,
                -size, size * 0.8, -size * 0.4, -size, -size * 0.8, fleet.id
            ));
            self.taken.push(Taken::around(x, y, size + 2.0, size + 2.0));
            if self.world.map().len() <= NAMED_SYSTEMS {
                self.label(x, y, size, &format!("{strength} {owner}"), color, 10.0, false);
            }
        }
    }

    /// Names and resting strength.
    fn labels(&mut self) {
        if self.world.map().len() > NAMED_SYSTEMS {
            return;
        }
        for id in self.systems() {
            let ((x, y), radius) = (self.at(id), self.radius(id));
            let Some(site) = self.world.map().sites().get(id.index()) else { continue };
            let owner = self.owner(id);
            let resting: i64 = self
                .world
                .board()
                .fleets()
                .at(id)
                .filter(|fleet| Some(fleet.owner) == owner)
                .map(|fleet| fleet.strength)
                .sum();
            let mut text = site.name.to_string();
            if let Some(owner) = owner {
                let _ = write!(text, " {owner}");
            }
            if resting > 0 {
                let _ = write!(text, " · {}", thousands(resting));
            }
            let color = if owner.is_some() { BONE } else { DIM };
            self.label(x, y, radius + 3.0, &text, color, 11.5, resting > 0);
        }
    }

    /// A label beside a point, on the side with the least overlap.
    #[expect(clippy::too_many_arguments, reason = "position, text and style")]
    fn label(&mut self, x: f64, y: f64, away: f64, text: &str, color: &str, size: f64, bold: bool) {
        let half = text.chars().count() as f64 * size * if bold { 0.31 } else { 0.285 };
        let gap = away + 3.0;
        let sides = [
            (x, y + gap + size * 0.55),
            (x, y - gap - size * 0.45),
            (x + gap + half, y),
            (x - gap - half, y),
            (x + half * 0.8, y + gap + size * 0.55),
            (x - half * 0.8, y + gap + size * 0.55),
        ];
        let cost = |(x, y): &(f64, f64)| {
            let place = Taken::around(*x, *y, half, size * 0.55);
            let outside = (4.0 - place.left).max(0.0) + (place.right - MAP + 4.0).max(0.0);
            self.taken.iter().map(|taken| taken.overlap(&place)).sum::<f64>() + outside * 40.0
        };
        let costs = sides.iter().map(|side| (cost(side), *side));
        let best = costs.reduce(|best, next| if next.0 < best.0 { next } else { best });
        let Some((_, (x, y))) = best else { return };
        self.taken.push(Taken::around(x, y, half, size * 0.55));
        let weight = if bold { 700 } else { 400 };
        let text = escape(text);
        let baseline = y + size * 0.35;
        self.put(format_args!(
            r#"<text x="{x:.1}" y="{baseline:.1}" text-anchor="middle" font-size="{size}" font-weight="{weight}" fill="{color}" stroke="{VOID}" stroke-width="3" stroke-linejoin="round" paint-order="stroke">{text}</text>"#
        ));
    }

    fn legend(&mut self, caption: &Caption) {
        let (left, right) = (MAP + 24.0, MAP + PANEL - 24.0);
        let mut y = TOP + 34.0;
        self.head(left, y, "STANDING");
        self.put(format_args!(
            r#"<g font-size="10.5" fill="{DIM}" text-anchor="end"><text x="{}" y="{y}">systems</text><text x="{}" y="{y}">value</text><text x="{right}" y="{y}">strength</text></g>"#,
            right - 108.0,
            right - 62.0
        ));
        let standing = self.world.board().standing();
        for faction in standing.iter().take(16) {
            y += 25.0;
            let (id, color) = (faction.id, faction_color(faction.id));
            let mut name: String = faction.name.chars().take(19).collect();
            if name.len() < faction.name.len() {
                name.pop();
                name.push('…');
            }
            let name = escape(&name);
            self.put(format_args!(
                r#"<rect x="{left}" y="{}" width="17" height="17" rx="3" fill="url(#p{id})" stroke="{color}"/><text x="{}" y="{y}" font-size="12.5" fill="{BONE}">{name} <tspan fill="{DIM}">{id}</tspan></text><g font-size="12" fill="{BONE}" text-anchor="end"><text x="{}" y="{y}">{}</text><text x="{}" y="{y}">{}</text><text x="{right}" y="{y}">{}</text></g>"#,
                y - 13.0,
                left + 26.0,
                right - 108.0,
                faction.systems,
                right - 62.0,
                faction.value,
                thousands(faction.strength)
            ));
        }
        if standing.len() > 16 {
            y += 22.0;
            self.put(format_args!(
                r#"<text x="{left}" y="{y}" font-size="12" fill="{DIM}">and {} more</text>"#,
                standing.len() - 16
            ));
        }
        y = self.signs(left, y + 44.0);
        self.happened(caption, left, y + 40.0);
    }

    fn head(&mut self, x: f64, y: f64, text: &str) {
        self.put(format_args!(
            r#"<text x="{x}" y="{y}" font-size="12" font-weight="700" letter-spacing="1.4" fill="{BRASS}">{text}</text>"#
        ));
    }

    /// Explains the shapes.
    fn signs(&mut self, left: f64, top: f64) -> f64 {
        self.head(left, top, "SIGNS");
        let kinds = [Kind::Normal, Kind::Relic, Kind::Forge, Kind::Hive];
        let mut y = top;
        for (index, (kind, name)) in
            kinds.into_iter().zip(["system", "relic", "forge", "hive"]).enumerate()
        {
            let x = left + 9.0 + [0.0, 84.0, 154.0, 226.0].get(index).unwrap_or(&0.0);
            self.put(format_args!(
                r#"<path d="{}" fill="none" stroke="{BONE}" stroke-width="1.6"/><text x="{}" y="{}" font-size="12" fill="{DIM}">{name}</text>"#,
                shape(kind, x, y + 22.0, 6.5),
                x + 13.0,
                y + 26.0
            ));
        }
        y += 48.0;
        let x = left + 9.0;
        self.put(format_args!(
            r#"<path d="{}" fill="{EMBER}"/><circle cx="{x}" cy="{y}" r="4" fill="{VOID}"/><text x="{}" y="{}" font-size="12" fill="{DIM}">battle</text>"#,
            star(x, y, 5.0, 10.0),
            x + 15.0,
            y + 4.0
        ));
        let x = left + 93.0;
        self.put(format_args!(
            r#"<circle cx="{x}" cy="{y}" r="7.5" fill="none" stroke="{BONE}" stroke-width="2.2" stroke-dasharray="4 3"/><text x="{}" y="{}" font-size="12" fill="{DIM}">siege</text>"#,
            x + 13.0,
            y + 4.0
        ));
        let x = left + 163.0;
        self.put(format_args!(
            r#"<circle cx="{x}" cy="{y}" r="7.5" fill="none" stroke="{BONE}" stroke-width="1.6"/><text x="{}" y="{}" font-size="12" fill="{DIM}">taken</text>"#,
            x + 13.0,
            y + 4.0
        ));
        let x = left + 235.0;
        self.put(format_args!(
            r#"<path transform="translate({x} {y})" d="M7 0L-7 5.6L-2.8 0L-7 -5.6Z" fill="{BONE}"/><text x="{}" y="{}" font-size="12" fill="{DIM}">fleet</text>"#,
            x + 13.0,
            y + 4.0
        ));
        y += 30.0;
        self.put(format_args!(
            r#"<text x="{left}" y="{y}" font-size="11" fill="{DIM}">Size: value. Thin ring: a home. Hatching: its owner.</text>"#
        ));
        y
    }

    /// Events of the tick.
    fn happened(&mut self, caption: &Caption, left: f64, top: f64) {
        if caption.events.is_empty() {
            return;
        }
        self.head(left, top, "IN THIS TICK");
        let mut y = top;
        for event in &caption.events {
            for (index, line) in wrap(event, 44).into_iter().enumerate() {
                y += if index == 0 { 22.0 } else { 15.0 };
                if y > TOP + MAP - 16.0 {
                    return;
                }
                let line = escape(&line);
                self.put(format_args!(
                    r#"<text x="{left}" y="{y}" font-size="12" fill="{BONE}">{line}</text>"#
                ));
            }
        }
    }
}

/// Wraps a sentence at `most` characters.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Outline of a system, by kind.
fn shape(kind: Kind, x: f64, y: f64, radius: f64) -> String {
    let corners = |count: u32, turn: f64, radius: f64| {
        let mut path = String::new();
        for corner in 0..count {
            let angle = std::f64::consts::TAU * (f64::from(corner) + turn) / f64::from(count);
            let sign = if corner == 0 { 'M' } else { 'L' };
            let _ = write!(
                path,
                "{sign}{:.1} {:.1}",
                x + radius * angle.cos(),
                y + radius * angle.sin()
            );
        }
        path + "Z"
    };
    match kind {
        Kind::Normal => {
            let (left, twice) = (x - radius, radius * 2.0);
            format!(
                "M{left:.1} {y:.1}a{radius:.1} {radius:.1} 0 1 0 {twice:.1} 0a{radius:.1} {radius:.1} 0 1 0 -{twice:.1} 0Z"
            )
        }
        Kind::Relic => corners(4, 0.0, radius * 1.3),
        Kind::Forge => corners(4, 0.5, radius * 1.25),
        Kind::Hive => corners(6, 0.0, radius * 1.15),
    }
}

/// A star of twelve points.
fn star(x: f64, y: f64, inner: f64, outer: f64) -> String {
    let mut path = String::new();
    for corner in 0..24_u32 {
        let angle = std::f64::consts::TAU * f64::from(corner) / 24.0;
        let radius = if corner % 2 == 0 { outer } else { inner };
        let sign = if corner == 0 { 'M' } else { 'L' };
        let _ =
            write!(path, "{sign}{:.1} {:.1}", x + radius * angle.cos(), y + radius * angle.sin());
    }
    path + "Z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_break_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible word", 5), ["incomprehensible", "word"]);
    }
}
