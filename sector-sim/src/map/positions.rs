//! Positions of the systems: random points with a minimum distance.
//!
//! A point that is too close to another is drawn again. After a limited number of failed draws the
//! minimum distance shrinks for good, so the search always ends. A grid with cells no smaller than
//! the minimum distance limits the check to nine cells, which makes it nearly linear in the number
//! of systems.

use crate::draw::Draw;
use crate::map::SIDE;

/// Draws for one point before the minimum distance shrinks.
const DRAWS: u32 = 48;
const NONE: u32 = u32::MAX;

/// A point on the square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) x: u32,
    pub(super) y: u32,
}

impl Point {
    /// Squared distance, below 2^42.
    pub(super) fn distance_squared(self, other: Point) -> u64 {
        let (x, y) = (u64::from(self.x.abs_diff(other.x)), u64::from(self.y.abs_diff(other.y)));
        x * x + y * y
    }
}

/// Distinct points; `spacing_per_mille` as in the rules.
pub(super) fn positions(systems: u32, spacing_per_mille: i64, draw: &mut Draw) -> Vec<Point> {
    let side = u64::from(SIDE);
    let wanted = side * spacing_per_mille.unsigned_abs() / 1000;
    let mut least = (wanted * wanted / u64::from(systems)).isqrt().max(1);
    let mut grid = Grid::new(systems, least);
    let mut failed = 0;
    while grid.points.len() < systems as usize {
        let coordinate = |draw: &mut Draw| draw.below(side + 1) as u32;
        let point = Point { x: coordinate(draw), y: coordinate(draw) };
        if grid.is_free(point, least) {
            grid.insert(point);
            failed = 0;
        } else {
            failed += 1;
            if failed == DRAWS {
                least = (least * 9 / 10).max(1);
                failed = 0;
            }
        }
    }
    grid.points
}

struct Grid {
    cell: u32,
    columns: usize,
    /// Last point of each cell.
    last: Vec<u32>,
    /// Previous point in the same cell, by point.
    before: Vec<u32>,
    points: Vec<Point>,
}

impl Grid {
    fn new(systems: u32, least: u64) -> Grid {
        // At most one cell per system, however small the distance.
        let cell = (least as u32).max(SIDE / systems.isqrt().max(1)).max(1);
        let columns = (SIDE / cell + 1) as usize;
        let capacity = systems as usize;
        Grid {
            cell,
            columns,
            last: vec![NONE; columns * columns],
            before: Vec::with_capacity(capacity),
            points: Vec::with_capacity(capacity),
        }
    }

    fn is_free(&self, point: Point, least: u64) -> bool {
        let (column, row) = ((point.x / self.cell) as usize, (point.y / self.cell) as usize);
        let around = |middle: usize| middle.saturating_sub(1)..=(middle + 1).min(self.columns - 1);
        around(row).all(|row| {
            around(column).all(|column| {
                let mut index = self.last[row * self.columns + column];
                while index != NONE {
                    if self.points[index as usize].distance_squared(point) < least * least {
                        return false;
                    }
                    index = self.before[index as usize];
                }
                true
            })
        })
    }

    fn insert(&mut self, point: Point) {
        let cell = (point.y / self.cell) as usize * self.columns + (point.x / self.cell) as usize;
        self.before.push(self.last[cell]);
        self.last[cell] = self.points.len() as u32;
        self.points.push(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Purpose;

    #[test]
    fn points_keep_their_distance_when_there_is_room() {
        for seed in 0..50 {
            let points = positions(200, 550, &mut Draw::new(seed, 0, Purpose::Map, 0));
            let least = 550_000_u64 * 550_000 / 200;
            for (index, point) in points.iter().enumerate() {
                assert!(
                    points[..index]
                        .iter()
                        .all(|other| other.distance_squared(*point) + 2_000 >= least)
                );
            }
        }
    }

    #[test]
    fn too_dense_or_loose_points_are_still_different() {
        for spacing in [0, 900] {
            let mut points = positions(20_000, spacing, &mut Draw::new(3, 0, Purpose::Map, 0));
            points.sort_unstable();
            points.dedup();
            assert_eq!(points.len(), 20_000);
        }
    }
}
