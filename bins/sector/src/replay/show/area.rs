//! Areas of systems: the part of a disc around a system that is nearer to it than to any other
//! system (a bounded Voronoi cell). Written here because borders need to know the system beyond
//! each side.

/// A point in the picture.
pub(crate) type Point = (f64, f64);

/// A side of a cell, from this corner to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Side {
    pub(crate) from: Point,
    /// System on the other side; `None` at the edge of the disc.
    pub(crate) beyond: Option<usize>,
}

/// Corners that approximate a circle.
const CORNERS: u32 = 40;

/// Cell of each point: its sides, in order.
pub(crate) fn cells(points: &[Point], reach: f64) -> Vec<Vec<Side>> {
    points.iter().enumerate().map(|(index, &point)| cell(points, index, point, reach)).collect()
}

fn cell(points: &[Point], index: usize, (x, y): Point, reach: f64) -> Vec<Side> {
    let mut sides: Vec<Side> = (0..CORNERS)
        .map(|corner| {
            let angle = std::f64::consts::TAU * f64::from(corner) / f64::from(CORNERS);
            Side { from: (x + reach * angle.cos(), y + reach * angle.sin()), beyond: None }
        })
        .collect();
    for (other, &(ox, oy)) in points.iter().enumerate() {
        let (dx, dy) = (ox - x, oy - y);
        let apart = dx * dx + dy * dy;
        if other == index || apart > 4.0 * reach * reach || apart == 0.0 {
            continue;
        }
        // Positive: nearer to the other system.
        let (middle_x, middle_y) = (x + dx / 2.0, y + dy / 2.0);
        sides = cut(&sides, other, |(px, py)| (px - middle_x) * dx + (py - middle_y) * dy);
    }
    sides
}

/// Part of a cell where the measure is negative; `beyond` is the system beyond the new side.
fn cut(sides: &[Side], beyond: usize, measure: impl Fn(Point) -> f64) -> Vec<Side> {
    let mut kept = Vec::with_capacity(sides.len() + 1);
    for (index, side) in sides.iter().enumerate() {
        let Some(next) = sides.get((index + 1) % sides.len()) else { continue };
        let (here, there) = (measure(side.from), measure(next.from));
        let part = here / (here - there);
        let crossing = (
            side.from.0 + (next.from.0 - side.from.0) * part,
            side.from.1 + (next.from.1 - side.from.1) * part,
        );
        match (here < 0.0, there < 0.0) {
            (true, true) => kept.push(*side),
            (true, false) => kept.extend([*side, Side { from: crossing, beyond: Some(beyond) }]),
            (false, true) => kept.push(Side { from: crossing, beyond: side.beyond }),
            (false, false) => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(sides: &[Side]) -> f64 {
        let turn = |index: usize| {
            let ((ax, ay), (bx, by)) = (sides[index].from, sides[(index + 1) % sides.len()].from);
            ax * by - bx * ay
        };
        (0..sides.len()).map(turn).sum::<f64>().abs() / 2.0
    }

    #[test]
    fn a_lonely_cell_is_a_disc() {
        let cells = cells(&[(5.0, 5.0)], 10.0);
        assert_eq!(cells[0].len(), CORNERS as usize);
        assert!((size(&cells[0]) - std::f64::consts::PI * 100.0).abs() < 2.0);
    }

    #[test]
    fn neighbours_share_the_ground_and_know_each_other() {
        let cells = cells(&[(0.0, 0.0), (4.0, 0.0), (100.0, 0.0)], 10.0);
        assert!((size(&cells[0]) - size(&cells[1])).abs() < 1e-6);
        let borders =
            |index: usize| cells[index].iter().filter_map(|side| side.beyond).collect::<Vec<_>>();
        assert_eq!((borders(0), borders(1), borders(2)), (vec![1], vec![0], vec![]));
        assert!(cells[0].iter().all(|side| side.from.0 < 2.0 + 1e-9));
    }

    #[test]
    fn two_systems_at_one_place_do_no_harm() {
        assert_eq!(cells(&[(1.0, 1.0), (1.0, 1.0)], 3.0)[0].len(), CORNERS as usize);
    }
}
