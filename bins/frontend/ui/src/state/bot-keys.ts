/** The player's keys for bots: those there are, and the one that was just made, whose secret is shown this once. */
import type { ApiClient } from "../api/client";
import { describe } from "../api/problem";
import type { IssuedKey, KeyRequest, ListedKey } from "../api/wire";
import type { Session } from "./session";
import { Signal } from "./signal";

export interface BotKeysState {
  /** Null until they are known. */
  keys: readonly ListedKey[] | null;
  issued: IssuedKey | null;
  busy: boolean;
  problem: string | null;
}

const NOTHING: BotKeysState = { keys: null, issued: null, busy: false, problem: null };

export class BotKeys {
  readonly state = new Signal<BotKeysState>(NOTHING);

  constructor(
    private readonly api: ApiClient,
    private readonly session: Session,
  ) {}

  refresh(): Promise<boolean> {
    return this.attempt(() => this.load());
  }

  /** Makes a key; false, with the reason in the state, when there is none. */
  issue(wish: KeyRequest): Promise<boolean> {
    return this.attempt(async () => {
      const issued = await this.session.withToken((token) => this.api.issueKey(token, wish));
      this.patch({ issued });
      await this.load();
    });
  }

  revoke(id: string): Promise<boolean> {
    return this.attempt(async () => {
      await this.session.withToken((token) => this.api.revokeKey(token, id));
      if (this.state.value.issued?.id === id) this.patch({ issued: null });
      await this.load();
    });
  }

  /** Nothing of what was shown stays. */
  forget(): void {
    this.state.set(NOTHING);
  }

  private async load(): Promise<void> {
    const { keys } = await this.session.withToken((token) => this.api.keys(token));
    this.patch({ keys });
  }

  private async attempt(action: () => Promise<void>): Promise<boolean> {
    this.patch({ busy: true, problem: null });
    try {
      await action();
      return true;
    } catch (error) {
      this.patch({ problem: describe(error) });
      return false;
    } finally {
      this.patch({ busy: false });
    }
  }

  private patch(change: Partial<BotKeysState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
