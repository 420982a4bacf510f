/**
 * Routes for the preview of a move: fewest ticks, then fewest hops, then lowest ids. The server
 * plans the real route and prefers the safer of equals, so its path may differ but its ticks are
 * the same.
 */
import type { Lane, SystemId } from "../api/wire";

export interface Route {
  /** Systems on the route, from origin to target. */
  path: SystemId[];
  /** Total travel time in ticks. */
  ticks: number;
}

interface Label {
  id: SystemId;
  ticks: number;
  hops: number;
  from: SystemId | null;
}

export class LaneGraph {
  private readonly neighbours = new Map<SystemId, { to: SystemId; ticks: number }[]>();

  constructor(lanes: readonly Lane[]) {
    for (const { a, b, ticks } of lanes) {
      this.add(a, b, ticks);
      this.add(b, a, ticks);
    }
    for (const list of this.neighbours.values()) list.sort((x, y) => x.to - y.to);
  }

  neighboursOf(id: SystemId): readonly { to: SystemId; ticks: number }[] {
    return this.neighbours.get(id) ?? [];
  }

  /** The best route, or null if there is none. The route from a system to itself takes no ticks. */
  route(origin: SystemId, target: SystemId): Route | null {
    const settled = new Map<SystemId, Label>();
    const heap: Label[] = [{ id: origin, ticks: 0, hops: 0, from: null }];
    for (let label = pop(heap); label !== undefined; label = pop(heap)) {
      if (settled.has(label.id)) continue;
      settled.set(label.id, label);
      if (label.id === target) return unwind(settled, label);
      for (const { to, ticks } of this.neighboursOf(label.id)) {
        if (settled.has(to)) continue;
        push(heap, { id: to, ticks: label.ticks + ticks, hops: label.hops + 1, from: label.id });
      }
    }
    return null;
  }

  private add(from: SystemId, to: SystemId, ticks: number): void {
    const list = this.neighbours.get(from);
    if (list === undefined) this.neighbours.set(from, [{ to, ticks }]);
    else list.push({ to, ticks });
  }
}

function unwind(settled: ReadonlyMap<SystemId, Label>, last: Label): Route {
  const path: SystemId[] = [];
  for (let at: Label | undefined = last; at !== undefined;) {
    path.push(at.id);
    at = at.from === null ? undefined : settled.get(at.from);
  }
  return { path: path.reverse(), ticks: last.ticks };
}

function before(a: Label, b: Label): boolean {
  if (a.ticks !== b.ticks) return a.ticks < b.ticks;
  if (a.hops !== b.hops) return a.hops < b.hops;
  return a.id !== b.id ? a.id < b.id : (a.from ?? -1) < (b.from ?? -1);
}

function push(heap: Label[], label: Label): void {
  let child = heap.push(label) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!swapIfBefore(heap, child, parent)) return;
    child = parent;
  }
}

function pop(heap: Label[]): Label | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  heap[0] = last;
  for (let parent = 0; ;) {
    const left = 2 * parent + 1;
    const right = left + 1;
    let least = parent;
    if (left < heap.length && isBefore(heap, left, least)) least = left;
    if (right < heap.length && isBefore(heap, right, least)) least = right;
    if (least === parent) return top;
    swapIfBefore(heap, least, parent);
    parent = least;
  }
}

function isBefore(heap: readonly Label[], i: number, j: number): boolean {
  const a = heap[i];
  const b = heap[j];
  return a !== undefined && b !== undefined && before(a, b);
}

function swapIfBefore(heap: Label[], i: number, j: number): boolean {
  const a = heap[i];
  const b = heap[j];
  if (a === undefined || b === undefined || !before(a, b)) return false;
  heap[i] = b;
  heap[j] = a;
  return true;
}
