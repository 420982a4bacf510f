import { backoffMs } from "./backoff";
import type { StreamEntry } from "./wire";

export type Connection = "connecting" | "live" | "reconnecting";

export interface FeedHandlers {
  entry(entry: StreamEntry): void;
  connection(state: Connection): void;
}

/** Longest time for a socket to open. */
const OPEN_TIMEOUT_MS = 10_000;
/**
 * A tab that becomes visible after this much silence reconnects: sleep may have cut the socket
 * unnoticed.
 */
const SILENCE_MS = 15_000;

/** The live stream: one WebSocket that reconnects and resumes after the last delivered entry. */
export class Feed {
  private socket: WebSocket | null = null;
  private after: string | null = null;
  /** The incarnation of the store in which `after` is valid; a restore starts a new one. */
  private incarnation: string | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private heardAtMs = 0;

  constructor(
    private readonly url: string,
    private readonly handlers: FeedHandlers,
  ) {}

  start(): void {
    this.stopped = false;
    this.handlers.connection("connecting");
    this.open();
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.drop();
  }

  /** Reconnects and starts with a fresh snapshot, after the mirror found a gap. */
  restart(): void {
    this.after = null;
    this.drop();
    this.retry();
  }

  private open(): void {
    const socket = new WebSocket(this.url + resumeQuery(this.after, this.incarnation));
    this.socket = socket;
    const opening = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.onopen = () => clearTimeout(opening);
    socket.onmessage = (message: MessageEvent) => {
      if (socket !== this.socket || typeof message.data !== "string") return;
      const following = parseLink(message.data);
      if (following !== null) {
        this.heardAtMs = performance.now();
        this.handlers.connection(following ? "live" : "reconnecting");
        return;
      }
      const entry = parseEntry(message.data);
      if (entry === null) return;
      this.attempt = 0;
      this.heardAtMs = performance.now();
      if (entry.type === "snapshot") this.incarnation = entry.data.incarnation;
      this.after = entry.id;
      this.handlers.connection("live");
      this.handlers.entry(entry);
    };
    socket.onclose = () => {
      clearTimeout(opening);
      if (socket === this.socket) this.retry();
    };
  }

  private retry(): void {
    this.socket = null;
    if (this.stopped) return;
    this.handlers.connection("reconnecting");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), backoffMs(this.attempt, Math.random()));
    this.attempt += 1;
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /** When the network or the tab comes back, reconnects at once and replaces a silent socket. */
  private readonly hurry = (): void => {
    if (this.stopped || document.visibilityState !== "visible") return;
    if (this.socket !== null) {
      const silent = performance.now() - this.heardAtMs > SILENCE_MS;
      if (!silent || this.socket.readyState === WebSocket.CONNECTING) return;
      this.drop();
    }
    clearTimeout(this.timer);
    this.open();
  };
}

/** The query that resumes after an entry; empty to start with a snapshot. */
export function resumeQuery(after: string | null, incarnation: string | null): string {
  if (after === null) return "";
  const query = new URLSearchParams({ after });
  if (incarnation !== null) query.set("incarnation", incarnation);
  return `?${query.toString()}`;
}

/** For a `link` message, whether the server follows the sector; null for any other message. */
export function parseLink(text: string): boolean | null {
  if (text.length > 200 || !text.includes('"link"')) return null;
  try {
    const { type, data } = JSON.parse(text) as { type?: unknown; data?: { following?: unknown } };
    const following = type === "link" ? data?.following : null;
    return typeof following === "boolean" ? following : null;
  } catch {
    return null;
  }
}

/** Parses a message; null for unknown ones, which are skipped. */
export function parseEntry(text: string): StreamEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { id, type, data } = value as Record<string, unknown>;
  if (typeof id !== "string" || typeof data !== "object" || data === null) return null;
  if (type !== "snapshot" && type !== "delta" && type !== "run_end") return null;
  return value as StreamEntry;
}
