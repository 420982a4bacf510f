/** Label placement without overlaps: greedy, on a hash grid of taken boxes. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const CELL_PX = 64;

export class Declutter {
  private readonly cells = new Map<number, Box[]>();

  /** Takes the box if it is free; false if it overlaps a taken one. */
  place(box: Box): boolean {
    if (!this.isFree(box)) return false;
    this.take(box);
    return true;
  }

  /** Takes the box even if it overlaps others. */
  take(box: Box): void {
    this.each(box, (key) => {
      const list = this.cells.get(key);
      if (list === undefined) this.cells.set(key, [box]);
      else list.push(box);
      return false;
    });
  }

  isFree(box: Box): boolean {
    return !this.each(box, (key) =>
      (this.cells.get(key) ?? []).some(
        (other) =>
          box.left < other.right &&
          other.left < box.right &&
          box.top < other.bottom &&
          other.top < box.bottom,
      ),
    );
  }

  /** Visits the cells of a box until the callback returns true. */
  private each(box: Box, visit: (key: number) => boolean): boolean {
    for (let row = Math.floor(box.top / CELL_PX); row * CELL_PX <= box.bottom; row += 1) {
      for (
        let column = Math.floor(box.left / CELL_PX);
        column * CELL_PX <= box.right;
        column += 1
      ) {
        if (visit(row * 1_000_003 + column)) return true;
      }
    }
    return false;
  }
}
