import { Signal } from "./signal";

export type Tone = "good" | "bad";

export interface Toast {
  key: number;
  text: string;
  tone: Tone;
}

const SHOWN_MS: Record<Tone, number> = { good: 4_000, bad: 8_000 };
const MAX_SHOWN = 4;

/** Short messages that disappear after a few seconds. */
export class Toasts {
  readonly list = new Signal<readonly Toast[]>([]);
  private nextKey = 0;

  add(text: string, tone: Tone): void {
    const key = this.nextKey;
    this.nextKey += 1;
    this.list.update((toasts) => [
      ...toasts.filter((toast) => toast.text !== text).slice(1 - MAX_SHOWN),
      { key, text, tone },
    ]);
    setTimeout(() => this.dismiss(key), SHOWN_MS[tone]);
  }

  dismiss(key: number): void {
    this.list.update((toasts) => toasts.filter((toast) => toast.key !== key));
  }
}
