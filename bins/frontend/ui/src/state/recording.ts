/** Playback of a recorded run, shared by all viewers. */
import { describe } from "../api/problem";
import { Signal } from "./signal";

/** Path of the page. */
export const RECORDING_PATH = "/watch";

/** Speeds, in milliseconds per tick. */
export const SPEEDS_MS = [1200, 600, 300, 150, 75, 30] as const;

export interface Playback {
  readonly last: number;
  readonly tick_ms: number;
  readonly paused: boolean;
}

export type PlaybackChange = Partial<{ tick_ms: number; paused: boolean; tick: number }>;

export class Recording {
  readonly playing = new Signal<Playback | null>(null);

  constructor(private readonly report: (text: string) => void) {}

  /** Changes the playback; without an argument, only reads it. */
  async change(change?: PlaybackChange): Promise<void> {
    try {
      const answer = await fetch(
        "/recording",
        change && {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(change),
        },
      );
      if (!answer.ok) throw new Error(`Playback control failed with status ${answer.status}.`);
      this.playing.set((await answer.json()) as Playback);
    } catch (error) {
      this.report(describe(error));
    }
  }

  /** Pauses or resumes; restarts after the last tick. */
  toggle(tick: number): void {
    const playing = this.playing.value;
    if (playing === null) return;
    if (tick >= playing.last) void this.change({ paused: false, tick: 0 });
    else void this.change({ paused: !playing.paused });
  }

  /** Seeks by a number of ticks. */
  skip(tick: number, by: number): void {
    const playing = this.playing.value;
    if (playing === null) return;
    void this.change({ tick: Math.min(Math.max(tick + by, 0), playing.last) });
  }
}
