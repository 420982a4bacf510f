//! Delaunay triangulation of distinct points, in exact integer arithmetic.
//!
//! Divide and conquer after Guibas and Stolfi (1985), "Primitives for the manipulation of general
//! subdivisions": sort the points, triangulate the halves, merge them from the lower common tangent
//! up; O(n log n). The side-of-line and in-circle tests are determinants that fit in 64 and 128
//! bits for coordinates below 2^20, so there is no rounding: the result is a true triangulation (no
//! edges cross) and depends on the points alone. Among four cocircular points the sort order
//! decides.

use crate::map::positions::Point;

/// Edges as pairs of indices into `points` (lower first), in no particular order. The points must
/// be distinct.
pub(super) fn edges(points: &[Point]) -> Vec<(u32, u32)> {
    let mut order: Vec<u32> = (0..points.len() as u32).collect();
    order.sort_unstable_by_key(|index| points[*index as usize]);
    let sorted = order.iter().map(|index| points[*index as usize]).collect();
    let mut mesh = Mesh { points: sorted, edges: Vec::with_capacity(points.len() * 7) };
    if points.len() > 1 {
        mesh.triangulate(0, points.len() as u32);
    }
    let ends = mesh.edges.chunks_exact(2).filter(|pair| pair[0].origin != DELETED);
    ends.map(|pair| {
        let (a, b) = (order[pair[0].origin as usize], order[pair[1].origin as usize]);
        (a.min(b), a.max(b))
    })
    .collect()
}

const DELETED: u32 = u32::MAX;

/// A directed edge; the edge at index `e ^ 1` is its reverse.
struct Edge {
    origin: u32,
    /// Next edge around the same origin, counterclockwise.
    next: u32,
    /// Next edge around the same origin, clockwise.
    previous: u32,
}

struct Mesh {
    /// Sorted by x, then y.
    points: Vec<Point>,
    edges: Vec<Edge>,
}

impl Mesh {
    fn origin(&self, edge: u32) -> u32 {
        self.edges[edge as usize].origin
    }

    fn target(&self, edge: u32) -> u32 {
        self.origin(edge ^ 1)
    }

    fn next(&self, edge: u32) -> u32 {
        self.edges[edge as usize].next
    }

    fn previous(&self, edge: u32) -> u32 {
        self.edges[edge as usize].previous
    }

    /// Next edge around the left face.
    fn left_next(&self, edge: u32) -> u32 {
        self.previous(edge ^ 1)
    }

    /// Previous edge around the right face.
    fn right_previous(&self, edge: u32) -> u32 {
        self.next(edge ^ 1)
    }

    fn add(&mut self, from: u32, to: u32) -> u32 {
        let edge = self.edges.len() as u32;
        self.edges.push(Edge { origin: from, next: edge, previous: edge });
        self.edges.push(Edge { origin: to, next: edge + 1, previous: edge + 1 });
        edge
    }

    /// Joins or separates the edge rings around two origins.
    fn splice(&mut self, one: u32, other: u32) {
        let (after_one, after_other) = (self.next(one), self.next(other));
        self.edges[one as usize].next = after_other;
        self.edges[other as usize].next = after_one;
        self.edges[after_other as usize].previous = one;
        self.edges[after_one as usize].previous = other;
    }

    /// Adds an edge from the target of `one` to the origin of `other`, with the same left face.
    fn connect(&mut self, one: u32, other: u32) -> u32 {
        let edge = self.add(self.target(one), self.origin(other));
        self.splice(edge, self.left_next(one));
        self.splice(edge ^ 1, other);
        edge
    }

    fn delete(&mut self, edge: u32) {
        self.splice(edge, self.previous(edge));
        self.splice(edge ^ 1, self.previous(edge ^ 1));
        self.edges[edge as usize].origin = DELETED;
        self.edges[edge as usize ^ 1].origin = DELETED;
    }

    /// Twice the area of the triangle, positive if counterclockwise. Exact: below 2^42.
    fn turn(&self, a: u32, b: u32, c: u32) -> i64 {
        let (ax, ay) = self.coordinates(a);
        let (bx, by) = self.coordinates(b);
        let (cx, cy) = self.coordinates(c);
        (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    }

    fn is_left_of(&self, point: u32, edge: u32) -> bool {
        self.turn(point, self.origin(edge), self.target(edge)) > 0
    }

    fn is_right_of(&self, point: u32, edge: u32) -> bool {
        self.turn(point, self.target(edge), self.origin(edge)) > 0
    }

    fn coordinates(&self, point: u32) -> (i64, i64) {
        let Point { x, y } = self.points[point as usize];
        (i64::from(x), i64::from(y))
    }

    /// Whether `d` lies inside the circle through the counterclockwise triangle `a`, `b`, `c`.
    /// Exact: each of the three products is below 2^84.
    fn is_in_circle(&self, a: u32, b: u32, c: u32, d: u32) -> bool {
        let (dx, dy) = self.coordinates(d);
        let from_d = |point| {
            let (x, y) = self.coordinates(point);
            (x - dx, y - dy)
        };
        let ((ax, ay), (bx, by), (cx, cy)) = (from_d(a), from_d(b), from_d(c));
        let product = |x: i64, y: i64, area: i64| i128::from(x * x + y * y) * i128::from(area);
        product(ax, ay, bx * cy - by * cx)
            + product(bx, by, cx * ay - cy * ax)
            + product(cx, cy, ax * by - ay * bx)
            > 0
    }

    /// Triangulates the points in `start..end`, at least two. Returns the counterclockwise hull
    /// edge from the first point and the clockwise hull edge from the last point.
    fn triangulate(&mut self, start: u32, end: u32) -> (u32, u32) {
        match end - start {
            2 => {
                let edge = self.add(start, start + 1);
                (edge, edge ^ 1)
            }
            3 => {
                let (first, second) = (self.add(start, start + 1), self.add(start + 1, start + 2));
                self.splice(first ^ 1, second);
                let turn = self.turn(start, start + 1, start + 2);
                if turn == 0 {
                    return (first, second ^ 1);
                }
                let third = self.connect(second, first);
                if turn > 0 { (first, second ^ 1) } else { (third ^ 1, third) }
            }
            count => {
                let middle = start + count / 2;
                let left = self.triangulate(start, middle);
                let right = self.triangulate(middle, end);
                self.merge(left, right)
            }
        }
    }

    fn merge(
        &mut self,
        (mut left_outer, mut left): (u32, u32),
        (mut right, mut right_outer): (u32, u32),
    ) -> (u32, u32) {
        loop {
            if self.is_left_of(self.origin(right), left) {
                left = self.left_next(left);
            } else if self.is_right_of(self.origin(left), right) {
                right = self.right_previous(right);
            } else {
                break;
            }
        }
        let mut base = self.connect(right ^ 1, left);
        if self.origin(left) == self.origin(left_outer) {
            left_outer = base ^ 1;
        }
        if self.origin(right) == self.origin(right_outer) {
            right_outer = base;
        }
        loop {
            let (from, to) = (self.origin(base), self.target(base));
            let mut left = self.next(base ^ 1);
            let has_left = self.is_right_of(self.target(left), base);
            if has_left {
                while self.is_in_circle(to, from, self.target(left), self.target(self.next(left))) {
                    let next = self.next(left);
                    self.delete(left);
                    left = next;
                }
            }
            let mut right = self.previous(base);
            let has_right = self.is_right_of(self.target(right), base);
            if has_right {
                while self.is_in_circle(
                    to,
                    from,
                    self.target(right),
                    self.target(self.previous(right)),
                ) {
                    let next = self.previous(right);
                    self.delete(right);
                    right = next;
                }
            }
            let take_right = match (has_left, has_right) {
                (false, false) => return (left_outer, right_outer),
                (true, true) => self.is_in_circle(
                    self.target(left),
                    self.origin(left),
                    self.origin(right),
                    self.target(right),
                ),
                _ => has_right,
            };
            base = if take_right {
                self.connect(right, base ^ 1)
            } else {
                self.connect(base ^ 1, left ^ 1)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turn(a: Point, b: Point, c: Point) -> i64 {
        Mesh { points: vec![a, b, c], edges: vec![] }.turn(0, 1, 2)
    }

    /// Strictly crossing, or one end inside the other edge.
    fn cross(a: Point, b: Point, c: Point, d: Point) -> bool {
        let sides = |a, b, c, d| turn(a, b, c).signum() * turn(a, b, d).signum();
        sides(a, b, c, d) < 0 && sides(c, d, a, b) < 0
    }

    fn between(a: Point, b: Point, c: Point) -> bool {
        turn(a, b, c) == 0 && a.min(b) < c && c < a.max(b)
    }

    /// Number of points on the hull, including those on its edges.
    fn on_hull(points: &[Point]) -> usize {
        let is_hull = |a: Point| {
            points.iter().any(|b| *b != a && points.iter().all(|c| turn(a, *b, *c) >= 0))
        };
        points.iter().filter(|point| is_hull(**point)).count()
    }

    fn check(points: &[Point]) -> Result<(), TestCaseError> {
        let edges = edges(points);
        let at = |index: u32| points[index as usize];
        for (index, (a, b)) in edges.iter().enumerate() {
            prop_assert!(a < b);
            prop_assert!(points.iter().all(|point| !between(at(*a), at(*b), *point)));
            for (c, d) in &edges[..index] {
                prop_assert!((a, b) != (c, d) && !cross(at(*a), at(*b), at(*c), at(*d)));
            }
        }
        // Euler's formula gives the number of edges, so none is missing.
        let flat = points.iter().all(|point| turn(points[0], points[1], *point) == 0);
        let wanted = if flat { points.len() - 1 } else { 3 * points.len() - 3 - on_hull(points) };
        prop_assert_eq!(edges.len(), wanted);
        // Delaunay: each edge has an empty circle, so neither of its opposite corners is inside the
        // other's.
        let joined = |a: u32, b: u32| edges.contains(&(a.min(b), a.max(b)));
        let mesh = Mesh { points: points.to_vec(), edges: vec![] };
        for a in 0..points.len() as u32 {
            for b in 0..points.len() as u32 {
                for c in 0..points.len() as u32 {
                    if a < b
                        && a < c
                        && joined(a, b)
                        && joined(b, c)
                        && joined(a, c)
                        && mesh.turn(a, b, c) > 0
                    {
                        let inside = |d: u32| {
                            d != a
                                && d != b
                                && d != c
                                && mesh.turn(a, b, d) >= 0
                                && mesh.turn(b, c, d) >= 0
                                && mesh.turn(c, a, d) >= 0
                        };
                        if (0..points.len() as u32).any(inside) {
                            continue; // Three edges around other points, no triangle of the mesh.
                        }
                        for d in 0..points.len() as u32 {
                            prop_assert!(!mesh.is_in_circle(a, b, c, d));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn distinct(side: u32) -> impl Strategy<Value = Vec<Point>> {
        proptest::collection::btree_set((0..=side, 0..=side), 2..24)
            .prop_map(|set| set.into_iter().map(|(x, y)| Point { x, y }).collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn random_points(points in distinct(1_000_000)) {
            check(&points)?;
        }

        /// Full of collinear points, squares and circles.
        #[test]
        fn points_on_a_small_grid(points in distinct(6)) {
            check(&points)?;
        }

        #[test]
        fn the_order_of_the_points_does_not_matter(points in distinct(8)) {
            let named = |points: &[Point]| {
                let mut pairs: Vec<_> = edges(points).iter().map(|(a, b)| {
                    let (a, b) = (points[*a as usize], points[*b as usize]);
                    (a.min(b), a.max(b))
                }).collect();
                pairs.sort_unstable();
                pairs
            };
            let reversed: Vec<Point> = points.iter().rev().copied().collect();
            prop_assert_eq!(named(&points), named(&reversed));
        }
    }
}
