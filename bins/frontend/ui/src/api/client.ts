import createClient from "openapi-fetch";
import { problemFrom } from "./problem";
import type { paths } from "./schema";
import type { FactionId, KeyRequest, Order, Snapshot } from "./wire";

/** A login: the token, and the refresh token that renews it. */
export interface Tokens {
  token: string;
  refresh_token: string;
}

const TIMEOUT_MS = 15_000;

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** The HTTP API at `/api` of the page's origin. Every failure is an `ApiProblem`. */
export class ApiClient {
  /** Logins and bot keys, shared by all sectors. */
  private readonly shared = connect("/api");
  private readonly sector;

  /** `prefix` is the path prefix of the sector: empty for the server's own. */
  constructor(prefix: string) {
    this.sector = connect(`/api${prefix}`);
  }

  nonce(address: string) {
    return unwrap(this.shared.POST("/auth/nonce", { body: { address } }));
  }

  verify(message: string, signature: string): Promise<Tokens> {
    return unwrap(this.shared.POST("/auth/verify", { body: { message, signature } }));
  }

  /** Exchanges a refresh token. */
  renew(refresh: string): Promise<Tokens> {
    return unwrap(this.shared.POST("/auth/refresh", { body: { refresh_token: refresh } }));
  }

  logout(token: string) {
    return unwrap(this.shared.POST("/auth/logout", bearer(token)));
  }

  /** Signs in with the one-time code of the operator's link. */
  operator(code: string): Promise<Tokens> {
    return unwrap(this.shared.POST("/auth/operator", { body: { code } }));
  }

  keys(token: string) {
    return unwrap(this.shared.GET("/keys", bearer(token)));
  }

  issueKey(token: string, body: KeyRequest) {
    return unwrap(this.shared.POST("/keys", { ...bearer(token), body }));
  }

  revokeKey(token: string, id: string) {
    return unwrap(this.shared.DELETE("/keys/{id}", { ...bearer(token), params: { path: { id } } }));
  }

  me(token: string) {
    return unwrap(this.sector.GET("/me", bearer(token)));
  }

  rules() {
    return unwrap(this.sector.GET("/rules"));
  }

  factions() {
    return unwrap(this.sector.GET("/factions"));
  }

  claim(token: string, faction: FactionId) {
    return unwrap(this.sector.POST("/factions/claim", { ...bearer(token), body: { faction } }));
  }

  keep(token: string) {
    return unwrap(this.sector.POST("/factions/keep", bearer(token)));
  }

  leave(token: string) {
    return unwrap(this.sector.DELETE("/factions/claim", bearer(token)));
  }

  orders(token: string, orders: Order[]) {
    return unwrap(this.sector.POST("/orders", { ...bearer(token), body: { orders } }));
  }

  paused(token: string) {
    return unwrap(this.sector.GET("/admin/pause", bearer(token)));
  }

  setPaused(token: string, paused: boolean) {
    const params = { query: { paused } };
    return unwrap(this.sector.POST("/admin/pause", { ...bearer(token), params }));
  }

  restart(token: string, seed: number | null) {
    const params = { query: seed === null ? {} : { seed } };
    return unwrap(this.sector.POST("/admin/restart", { ...bearer(token), params }));
  }

  botsOnly(token: string) {
    return unwrap(this.sector.POST("/admin/bots-only", bearer(token)));
  }

  /** The map of a seed. Served by the frontend, so it is not part of the API document. */
  async preview(parameters: URLSearchParams): Promise<Snapshot> {
    const headers = { accept: "application/json" };
    const response = await request(new Request(`/preview?${parameters}`, { headers }));
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw problemFrom(response.status, body);
    return body as Snapshot;
  }
}

function connect(baseUrl: string) {
  const headers = { accept: "application/json" };
  return createClient<paths>({ baseUrl, headers, fetch: request });
}

async function request(request: Request): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(request, { signal, cache: "no-store", credentials: "omit" });
  } catch {
    throw problemFrom(0, undefined);
  }
}

async function unwrap<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemFrom(response.status, error);
  return data as T;
}
