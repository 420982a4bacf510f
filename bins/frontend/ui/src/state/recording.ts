/** A recorded run: how it is shown, to everybody who looks, and how that is changed. */
import { describe } from "../api/problem";
import { Signal } from "./signal";

/** The address of its page. */
export const RECORDING_PATH = "/watch";

/** The paces that are offered, in milliseconds from tick to tick. */
export const PACES_MS = [1200, 600, 300, 150, 75, 30] as const;

export interface Playing {
  readonly last: number;
  readonly tick_ms: number;
  readonly paused: boolean;
}

export type Wish = Partial<{ tick_ms: number; paused: boolean; tick: number }>;

export class Recording {
  readonly playing = new Signal<Playing | null>(null);

  constructor(private readonly complain: (text: string) => void) {}

  async load(): Promise<void> {
    await this.ask(undefined);
  }

  async change(wish: Wish): Promise<void> {
    await this.ask(wish);
  }

  /** Halts it or goes on; from the last tick on it begins again. */
  toggle(tick: number): void {
    const playing = this.playing.value;
    if (playing === null) return;
    if (tick >= playing.last) void this.change({ paused: false, tick: 0 });
    else void this.change({ paused: !playing.paused });
  }

  /** Goes some ticks forward or back. */
  skip(tick: number, by: number): void {
    const playing = this.playing.value;
    if (playing === null) return;
    void this.change({ tick: Math.min(Math.max(tick + by, 0), playing.last) });
  }

  private async ask(wish: Wish | undefined): Promise<void> {
    try {
      const answer = await fetch(
        "/recording",
        wish && {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(wish),
        },
      );
      if (!answer.ok) throw new Error(`The run cannot be steered: status ${answer.status}.`);
      this.playing.set((await answer.json()) as Playing);
    } catch (error) {
      this.complain(describe(error));
    }
  }
}
