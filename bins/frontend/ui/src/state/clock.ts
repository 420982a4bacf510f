/**
 * The fractional tick to draw. Messages arrive with jitter, and the earliest are the most accurate,
 * so the phase follows early arrivals quickly and late ones slowly. The clock stops one tick after
 * the last known one, so that fleets stand still while the server is paused or late.
 */
export class TickClock {
  private tick = 0;
  private intervalMs: number;
  private originMs = 0;
  private lastArrivalMs = 0;
  private shown = 0;

  constructor(private readonly nominalMs: number) {
    this.intervalMs = Math.max(1, nominalMs);
  }

  /** Starts at a tick that is current at `nowMs`. */
  reset(tick: number, nowMs: number): void {
    this.tick = tick;
    this.originMs = nowMs - tick * this.intervalMs;
    this.lastArrivalMs = nowMs;
    this.shown = tick;
  }

  /** Records that `tick` arrived at `nowMs`. */
  observe(tick: number, nowMs: number): void {
    const gapMs = nowMs - this.lastArrivalMs;
    const ticks = tick - this.tick;
    this.tick = tick;
    this.lastArrivalMs = nowMs;
    if (ticks < 1 || gapMs > 4 * this.nominalMs + 2_000) {
      this.originMs = nowMs - tick * this.intervalMs;
      return;
    }
    const measured = Math.min(Math.max(gapMs / ticks, this.nominalMs * 0.5), this.nominalMs * 4);
    const next = this.intervalMs + 0.05 * (measured - this.intervalMs);
    this.originMs += tick * (this.intervalMs - next);
    this.intervalMs = next;
    const error = nowMs - tick * this.intervalMs - this.originMs;
    if (Math.abs(error) > 2 * this.intervalMs) this.originMs += error;
    else this.originMs += error < 0 ? error * 0.5 : error * 0.1;
  }

  /** Fractional tick at `nowMs`; never goes backward within a run. */
  at(nowMs: number): number {
    const raw = (nowMs - this.originMs) / this.intervalMs;
    const clamped = Math.min(Math.max(raw, this.tick), this.tick + 1);
    if (clamped > this.shown || this.shown > this.tick + 1) this.shown = clamped;
    return Math.max(this.shown, this.tick);
  }
}
