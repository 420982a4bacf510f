/**
 * For each cell of a grid over the map, the nearest systems: the candidates for the territory
 * shader, which finds each pixel's nearest system. Cells are small compared to the distance between
 * systems, so the candidates include it.
 */
export const CANDIDATES = 8;
/** Marks an empty entry if the map has fewer systems than candidates. */
export const NONE = 0xffffffff;

export interface NearestGrid {
  columns: number;
  rows: number;
  /** Side of a cell in world units. */
  cell: number;
  left: number;
  top: number;
  /** `CANDIDATES` indices per cell, row by row, nearest to the centre first. */
  indices: Uint32Array;
}

const MOST_CELLS_A_SIDE = 400;

export function nearestGrid(
  xs: Float32Array,
  ys: Float32Array,
  area: { left: number; top: number; right: number; bottom: number },
): NearestGrid {
  const width = Math.max(1e-3, area.right - area.left);
  const height = Math.max(1e-3, area.bottom - area.top);
  const longer = Math.max(width, height);
  const perSide = Math.ceil(Math.sqrt(Math.max(1, xs.length)) * 2.5) + 4;
  const cell = longer / Math.min(MOST_CELLS_A_SIDE, perSide);
  const columns = Math.max(1, Math.ceil(width / cell));
  const rows = Math.max(1, Math.ceil(height / cell));

  // Systems by cell, as linked lists in two arrays.
  const head = new Int32Array(columns * rows).fill(-1);
  const next = new Int32Array(xs.length).fill(-1);
  const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most - 1);
  for (let i = 0; i < xs.length; i += 1) {
    const column = clamp(Math.floor(((xs[i] ?? 0) - area.left) / cell), columns);
    const row = clamp(Math.floor(((ys[i] ?? 0) - area.top) / cell), rows);
    next[i] = head[row * columns + column] ?? -1;
    head[row * columns + column] = i;
  }

  const indices = new Uint32Array(columns * rows * CANDIDATES).fill(NONE);
  const wanted = Math.min(CANDIDATES, xs.length);
  const best = new Float64Array(CANDIDATES);
  const ids = new Uint32Array(CANDIDATES);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const cx = area.left + (column + 0.5) * cell;
      const cy = area.top + (row + 0.5) * cell;
      let found = 0;
      for (let ring = 0; ring <= Math.max(columns, rows); ring += 1) {
        // Minimum distance of everything outside the visited rings.
        const safe = (ring - 0.5) * cell;
        if (found === wanted && (best[found - 1] ?? 0) <= safe * Math.max(safe, 0)) break;
        for (let dy = -ring; dy <= ring; dy += 1) {
          const y = row + dy;
          if (y < 0 || y >= rows) continue;
          const step = Math.abs(dy) === ring ? 1 : Math.max(1, 2 * ring);
          for (let dx = -ring; dx <= ring; dx += step) {
            const x = column + dx;
            if (x < 0 || x >= columns) continue;
            for (let i = head[y * columns + x] ?? -1; i >= 0; i = next[i] ?? -1) {
              const distance = ((xs[i] ?? 0) - cx) ** 2 + ((ys[i] ?? 0) - cy) ** 2;
              found = insert(best, ids, found, wanted, distance, i);
            }
          }
        }
      }
      indices.set(ids.subarray(0, found), (row * columns + column) * CANDIDATES);
    }
  }
  return { columns, rows, cell, left: area.left, top: area.top, indices };
}

function insert(
  best: Float64Array,
  ids: Uint32Array,
  found: number,
  wanted: number,
  distance: number,
  id: number,
): number {
  if (found === wanted && distance >= (best[found - 1] ?? Infinity)) return found;
  let at = found < wanted ? found : found - 1;
  while (at > 0 && (best[at - 1] ?? 0) > distance) {
    best[at] = best[at - 1] ?? 0;
    ids[at] = ids[at - 1] ?? 0;
    at -= 1;
  }
  best[at] = distance;
  ids[at] = id;
  return Math.min(found + 1, wanted);
}
