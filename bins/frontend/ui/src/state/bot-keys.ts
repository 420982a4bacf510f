/** The player's bot keys, and the secret of a new one, which is shown only once. */
import type { ApiClient } from "../api/client";
import { describe } from "../api/problem";
import type { IssuedKey, KeyRequest, ListedKey } from "../api/wire";
import type { Session } from "./session";
import { Signal } from "./signal";

export interface BotKeysState {
  /** Null until loaded. */
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

  /** Creates a key; on failure returns false and puts the reason in the state. */
  issue(request: KeyRequest): Promise<boolean> {
    return this.attempt(async () => {
      const issued = await this.session.withToken((token) => this.api.issueKey(token, request));
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

  /** Clears the state, including the secret. */
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
