/**
 * The player's session: signed out, a guest with a key kept in this browser, or a wallet. Expired
 * tokens are renewed automatically; a guest whose session has ended signs in again.
 */
import type { ApiClient, Tokens } from "../api/client";
import {
  addressOf,
  newSecretKey,
  parseSecretKey,
  signPersonalMessage,
  type SecretKey,
} from "../api/ethereum";
import { ApiProblem, describe } from "../api/problem";
import { walletAddress, walletSign, type Wallet } from "../api/wallet";
import type { FactionId } from "../api/wire";
import { Signal } from "./signal";
import { forget, recall, remember } from "./storage";

export type Method = "guest" | "wallet";

export interface SessionState {
  status: "out" | "busy" | "in";
  method: Method | null;
  address: string | null;
  faction: FactionId | null;
  role: string | null;
  /** Why the last attempt failed. */
  problem: string | null;
}

const SIGNED_OUT: SessionState = {
  status: "out",
  method: null,
  address: null,
  faction: null,
  role: null,
  problem: null,
};

const GUEST_KEY = "sector.guest-key";
const SESSION = "sector.session";

interface Stored {
  token: string;
  refresh: string;
  address: string;
  method: Method;
}

export class Session {
  readonly state = new Signal<SessionState>(SIGNED_OUT);
  private token: string | null = null;
  private refreshToken: string | null = null;
  private renewal: Promise<void> | null = null;

  constructor(private readonly api: ApiClient) {}

  get faction(): FactionId | null {
    return this.state.value.faction;
  }

  /** Whether this browser has a guest key. */
  hasGuestKey(): boolean {
    return recall(GUEST_KEY) !== null;
  }

  guestKey(): SecretKey | null {
    return recall(GUEST_KEY);
  }

  /** Deletes the guest key; signs out if it is in use. */
  forgetGuestKey(): void {
    forget(GUEST_KEY);
    if (this.state.value.method === "guest") this.signOut();
  }

  /** Stores a key from another browser; false if the text is not a key. */
  importGuestKey(text: string): boolean {
    const key = parseSecretKey(text);
    if (key === null) return false;
    remember(GUEST_KEY, key);
    return true;
  }

  /** Resumes the session of the last visit, if any. */
  async resume(): Promise<void> {
    const stored = readStored();
    if (stored === null) return;
    this.token = stored.token;
    this.refreshToken = stored.refresh;
    this.patch({ status: "busy", method: stored.method, address: stored.address });
    try {
      await this.refresh();
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) {
        this.signOut("Your session has expired. Sign in again.");
      } else {
        this.patch({ status: "in", problem: describe(error) });
      }
    }
  }

  async signInAsGuest(): Promise<void> {
    await this.attempt(async () => {
      await this.guestLogin();
      await this.refresh();
    });
  }

  async signInWithWallet(wallet: Wallet): Promise<void> {
    await this.attempt(async () => {
      const address = await walletAddress(wallet);
      await this.login("wallet", address, (message) => walletSign(wallet, address, message));
      await this.refresh();
    });
  }

  signOut(problem: string | null = null): void {
    // If this fails, the session expires by itself.
    if (this.token !== null) void this.api.logout(this.token).catch(() => undefined);
    this.token = null;
    this.refreshToken = null;
    forget(SESSION);
    this.state.set({ ...SIGNED_OUT, problem });
  }

  /** Reads the identity from the server, which also keeps the claim alive. */
  async refresh(): Promise<void> {
    const me = await this.withToken((token) => this.api.me(token));
    this.patch({ status: "in", faction: me.faction, role: me.role, problem: null });
  }

  async claim(faction: FactionId): Promise<void> {
    await this.withToken((token) => this.api.claim(token, faction));
    await this.refresh();
  }

  async leave(): Promise<void> {
    await this.withToken((token) => this.api.leave(token));
    await this.refresh();
  }

  /** Runs a call with the token; if it has expired, renews it and retries. */
  async withToken<T>(call: (token: string) => Promise<T>): Promise<T> {
    if (this.token === null) throw new ApiProblem(401, "not_signed_in", "You are not signed in.");
    try {
      return await call(this.token);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
    }
    this.renewal ??= this.renew().finally(() => (this.renewal = null));
    await this.renewal;
    return await call(this.token);
  }

  /** Renews the token; a guest whose session has ended signs in again. */
  private async renew(): Promise<void> {
    // Another tab may have renewed it already: a refresh token works once.
    const stored = readStored();
    if (stored !== null && stored.refresh !== this.refreshToken) {
      this.token = stored.token;
      this.refreshToken = stored.refresh;
      return;
    }
    try {
      if (this.refreshToken === null)
        throw new ApiProblem(401, "not_signed_in", "You are not signed in.");
      this.keep(await this.api.renew(this.refreshToken));
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
      if (this.state.value.method !== "guest" || !this.hasGuestKey()) {
        this.signOut("Your session has expired. Sign in again.");
        throw error;
      }
      await this.guestLogin();
    }
  }

  private async guestLogin(): Promise<void> {
    const key = recall(GUEST_KEY) ?? newSecretKey();
    remember(GUEST_KEY, key);
    await this.login("guest", addressOf(key), (message) =>
      Promise.resolve(signPersonalMessage(message, key)),
    );
  }

  private async login(
    method: Method,
    address: string,
    sign: (message: string) => Promise<string>,
  ): Promise<void> {
    const { message } = await this.api.nonce(address);
    const tokens = await this.api.verify(message, await sign(message));
    this.patch({ method, address });
    this.keep(tokens);
  }

  /** Stores the tokens, also for after a reload. */
  private keep({ token, refresh_token: refresh }: Tokens): void {
    const { method, address } = this.state.value;
    this.token = token;
    this.refreshToken = refresh;
    if (method === null || address === null) return;
    remember(SESSION, JSON.stringify({ token, refresh, address, method } satisfies Stored));
  }

  private async attempt(action: () => Promise<void>): Promise<void> {
    this.patch({ status: "busy", problem: null });
    try {
      await action();
    } catch (error) {
      this.signOut(describe(error));
    }
  }

  private patch(change: Partial<SessionState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

function readStored(): Stored | null {
  const text = recall(SESSION);
  if (text === null) return null;
  try {
    const { token, refresh, address, method } = JSON.parse(text) as Partial<Stored>;
    if (typeof token !== "string" || typeof refresh !== "string") return null;
    if (typeof address !== "string") return null;
    return method === "guest" || method === "wallet" ? { token, refresh, address, method } : null;
  } catch {
    return null;
  }
}
