import { apiPath, type Place } from "./place";
import { problemFrom } from "./problem";
import type {
  FactionId,
  FactionList,
  IssuedKey,
  KeyList,
  KeyRequest,
  Me,
  Order,
  OrderReceipt,
  Snapshot,
} from "./wire";

/** A login: the token, and what renews it. */
export interface Tokens {
  token: string;
  refresh_token: string;
}

type Method = "GET" | "POST" | "DELETE";

/** The HTTP API, at `/api` of the page's own origin. Every failure is an `ApiProblem`. */
export class ApiClient {
  constructor(
    private readonly place: Place = { prefix: "", sector: null },
    private readonly base = "/api",
    private readonly timeoutMs = 15_000,
  ) {}

  nonce(address: string): Promise<{ nonce: string; message: string }> {
    return this.request("POST", "/auth/nonce", { body: { address } });
  }

  verify(message: string, signature: string): Promise<Tokens> {
    return this.request("POST", "/auth/verify", { body: { message, signature } });
  }

  /** A new token for a session that goes on. */
  renew(refresh: string): Promise<Tokens> {
    return this.request("POST", "/auth/refresh", { body: { refresh_token: refresh } });
  }

  logout(token: string): Promise<unknown> {
    return this.request("POST", "/auth/logout", { token });
  }

  operator(code: string): Promise<Tokens> {
    return this.request("POST", "/auth/operator", { body: { code } });
  }

  me(token: string): Promise<Me> {
    return this.request("GET", "/me", { token });
  }

  factions(token?: string): Promise<FactionList> {
    return this.request("GET", "/factions", token === undefined ? {} : { token });
  }

  claim(token: string, faction: FactionId): Promise<unknown> {
    return this.request("POST", "/factions/claim", { token, body: { faction } });
  }

  leave(token: string): Promise<unknown> {
    return this.request("DELETE", "/factions/claim", { token });
  }

  keys(token: string): Promise<KeyList> {
    return this.request("GET", "/keys", { token });
  }

  issueKey(token: string, wish: KeyRequest): Promise<IssuedKey> {
    return this.request("POST", "/keys", { token, body: wish });
  }

  revokeKey(token: string, id: string): Promise<unknown> {
    return this.request("DELETE", `/keys/${encodeURIComponent(id)}`, { token });
  }

  orders(token: string, orders: readonly Order[]): Promise<OrderReceipt> {
    return this.request("POST", "/orders", { token, body: { orders } });
  }

  paused(token: string): Promise<{ paused: boolean }> {
    return this.request("GET", "/admin/pause", { token });
  }

  setPaused(token: string, paused: boolean): Promise<{ paused: boolean }> {
    return this.request("POST", `/admin/pause?paused=${paused}`, { token });
  }

  restart(token: string, seed: number | null): Promise<unknown> {
    const query = seed === null ? "" : `?seed=${seed}`;
    return this.request("POST", `/admin/restart${query}`, { token });
  }

  botsOnly(token: string): Promise<unknown> {
    return this.request("POST", "/admin/bots-only", { token });
  }

  /** A map made from a seed, without touching the live one; served by the frontend itself. */
  preview(parameters: URLSearchParams): Promise<Snapshot> {
    return this.fetchJson(`/preview?${parameters.toString()}`, { method: "GET" });
  }

  private request<T>(
    method: Method,
    path: string,
    options: { token?: string; body?: unknown } = {},
  ): Promise<T> {
    const headers: Record<string, string> = {};
    if (options.token !== undefined) headers["authorization"] = `Bearer ${options.token}`;
    const init: RequestInit = { method, headers };
    if (options.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    return this.fetchJson(this.base + apiPath(this.place, path), init);
  }

  private async fetchJson<T>(url: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers: { accept: "application/json", ...(init.headers as Record<string, string>) },
        signal: AbortSignal.timeout(this.timeoutMs),
        cache: "no-store",
        credentials: "omit",
      });
    } catch {
      throw problemFrom(0, undefined);
    }
    const body = await readBody(response);
    if (!response.ok) throw problemFrom(response.status, body);
    return body as T;
  }
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text().catch(() => "");
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
