import { Signal } from "./signal";

export type Tone = "good" | "bad";

export interface Toast {
  key: number;
  text: string;
  tone: Tone;
}

const SHOWN_MS: Record<Tone, number> = { good: 4_000, bad: 8_000 };
const MOST_AT_ONCE = 4;

/** Short messages that come and go by themselves. */
export class Toasts {
  readonly list = new Signal<readonly Toast[]>([]);
  private nextKey = 0;

  add(text: string, tone: Tone): void {
    const key = this.nextKey;
    this.nextKey += 1;
    this.list.update((toasts) => [
      ...toasts.filter((toast) => toast.text !== text).slice(1 - MOST_AT_ONCE),
      { key, text, tone },
    ]);
    setTimeout(() => this.dismiss(key), SHOWN_MS[tone]);
  }

  dismiss(key: number): void {
    this.list.update((toasts) => toasts.filter((toast) => toast.key !== key));
  }
}
