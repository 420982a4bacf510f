import { useEffect, useState } from "preact/hooks";

/** A value that notifies its listeners when it is replaced. */
export class Signal<T> {
  private readonly listeners = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return;
    this.current = next;
    for (const listener of [...this.listeners]) listener(next);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.current));
  }

  /** Returns the unsubscribe function. */
  subscribe(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** The value of a signal in a component, which is redrawn when it changes. */
export function useSignal<T>(signal: Signal<T>): T {
  const [value, setValue] = useState({ held: signal.value });
  useEffect(() => {
    setValue((last) => (Object.is(last.held, signal.value) ? last : { held: signal.value }));
    return signal.subscribe((next) => setValue({ held: next }));
  }, [signal]);
  return value.held;
}
