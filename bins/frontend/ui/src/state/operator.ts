/** The session of the operator, started by a one-time link and kept for the lifetime of the tab. */
import type { ApiClient, Tokens } from "../api/client";
import { ApiProblem, describe } from "../api/problem";
import { Signal } from "./signal";

export interface OperatorState {
  signedIn: boolean;
  paused: boolean;
  busy: boolean;
}

const TOKENS = "sector.operator-tokens";

export class Operator {
  readonly state = new Signal<OperatorState>({ signedIn: false, paused: false, busy: false });
  private tokens: Tokens | null = null;

  constructor(
    private readonly api: ApiClient,
    private readonly notify: (text: string, tone: "good" | "bad") => void,
  ) {}

  /**
   * Signs in with the code in `#operator=<code>` and removes it from the address bar. Without a
   * code, resumes the session of this tab. Returns whether a code was used successfully.
   */
  async start(): Promise<boolean> {
    const code = operatorCode(location.hash);
    if (code !== null) {
      history.replaceState(null, "", location.pathname + location.search);
      return await this.signIn(code);
    }
    this.tokens ??= storedTokens();
    if (this.tokens !== null) await this.refresh();
    return false;
  }

  async refresh(): Promise<void> {
    await this.run(async (token) => {
      const { paused } = await this.api.paused(token);
      this.patch({ signedIn: true, paused });
    });
  }

  setPaused(paused: boolean): Promise<void> {
    return this.run(async (token) => {
      await this.api.setPaused(token, paused);
      this.patch({ paused });
      this.notify(paused ? "Sector paused." : "Sector resumed.", "good");
    });
  }

  restart(seed: number | null): Promise<void> {
    return this.run(async (token) => {
      await this.api.restart(token, seed);
      this.patch({ paused: false });
      this.notify("Starting a new universe.", "good");
    });
  }

  botsOnly(): Promise<void> {
    return this.run(async (token) => {
      await this.api.botsOnly(token);
      this.notify("All factions are back with the computer players.", "good");
    });
  }

  private async signIn(code: string): Promise<boolean> {
    try {
      this.keep(await this.api.operator(code));
      this.notify("Signed in as operator.", "good");
    } catch (error) {
      this.notify(`The operator link did not work: ${describe(error)}`, "bad");
      return false;
    }
    await this.refresh();
    return this.state.value.signedIn;
  }

  private async run(action: (token: string) => Promise<void>): Promise<void> {
    if (this.tokens === null) return;
    this.patch({ busy: true });
    try {
      await this.withTokens(this.tokens, action);
    } catch (error) {
      if (error instanceof ApiProblem && (error.status === 401 || error.status === 403)) {
        this.keep(null);
        this.patch({ signedIn: false });
      }
      this.notify(describe(error), "bad");
    } finally {
      this.patch({ busy: false });
    }
  }

  /** Renews an expired token and retries. */
  private async withTokens(
    tokens: Tokens,
    action: (token: string) => Promise<void>,
  ): Promise<void> {
    try {
      await action(tokens.token);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
      const renewed = await this.api.renew(tokens.refresh_token);
      this.keep(renewed);
      await action(renewed.token);
    }
  }

  private keep(tokens: Tokens | null): void {
    this.tokens = tokens;
    storeTokens(tokens);
  }

  private patch(change: Partial<OperatorState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/** The code in a URL fragment, or null. */
export function operatorCode(fragment: string): string | null {
  const code = new URLSearchParams(fragment.replace(/^#/, "")).get("operator");
  return code === null || code === "" ? null : code;
}

function storedTokens(): Tokens | null {
  try {
    const tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null") as Partial<Tokens> | null;
    const { token, refresh_token } = tokens ?? {};
    return token === undefined || refresh_token === undefined ? null : { token, refresh_token };
  } catch {
    return null;
  }
}

function storeTokens(tokens: Tokens | null): void {
  try {
    if (tokens === null) sessionStorage.removeItem(TOKENS);
    else sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
  } catch {
    // Still in memory.
  }
}
