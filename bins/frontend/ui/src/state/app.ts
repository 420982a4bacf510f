/** The state of the application: the mirror, the session, the selection, orders and the log. */
import { ApiClient } from "../api/client";
import { Feed, type Connection } from "../api/feed";
import { sectorPrefix } from "../api/place";
import { ApiProblem, describe } from "../api/problem";
import type {
  Delta,
  FactionId,
  FactionSeat,
  Fleet,
  Focus,
  Order,
  RunEnd,
  Snapshot,
  StreamEntry,
  SystemId,
} from "../api/wire";
import { BotKeys } from "./bot-keys";
import { TickClock } from "./clock";
import { linesOfSnapshot, withDelta, type LogLine } from "./log";
import { Mirror } from "./mirror";
import { Operator } from "./operator";
import {
  cancelOrder,
  focusOrder,
  markMissed,
  moveOrder,
  musterOrder,
  newClientId,
  OrderError,
  settle,
  type TrackedOrder,
} from "./orders";
import { marksOf, type Mark } from "./palette";
import { isStalled } from "./stall";
import { Recording, RECORDING_PATH } from "./recording";
import { LaneGraph } from "./routes";
import { rulesByName, rulesOf, type Rules } from "./rules";
import type { Aim, Selection } from "./selection";
import { Session } from "./session";
import { Signal } from "./signal";
import { Toasts } from "./toasts";

/** Minimum time between redraws of the panels. */
const PANEL_INTERVAL_MS = 150;
const STALL_CHECK_INTERVAL_MS = 250;
const SEATS_INTERVAL_MS = 10_000;
const KEEP_CLAIM_INTERVAL_MS = 10_000;
const ORDERS_KEPT = 60;

export interface World {
  mirror: Mirror;
  graph: LaneGraph;
  clock: TickClock;
  marks: Map<FactionId, Mark>;
  /** Null if not known. */
  rules: Rules | null;
}

export interface Ending extends RunEnd {
  /** Start of the next universe on the clock of `performance.now`; null if not known. */
  nextAtMs: number | null;
}

export interface WorldListener {
  snapshot(world: World): void;
  delta(world: World, delta: Delta): void;
}

export class App {
  private readonly prefix = sectorPrefix(location.pathname);
  readonly api = new ApiClient(this.prefix);
  readonly toasts = new Toasts();
  readonly session = new Session(this.api);
  readonly botKeys = new BotKeys(this.api, this.session);
  readonly operator = new Operator(this.api, (text, tone) => this.toasts.add(text, tone));
  readonly connection = new Signal<Connection>("connecting");
  /** Whether this is a recorded run: no API, no orders, no next universe. */
  readonly recorded = new Signal(location.pathname === RECORDING_PATH);
  readonly recording = this.recorded.value
    ? new Recording((text) => this.toasts.add(text, "bad"))
    : null;
  /** Whether no ticks arrive although the connection is open. */
  readonly stalled = new Signal(false);
  /** A new object for every redraw of the panels; the mirror inside is shared. */
  readonly world = new Signal<{ readonly now: World } | null>(null);
  readonly log = new Signal<readonly LogLine[]>([]);
  readonly orders = new Signal<readonly TrackedOrder[]>([]);
  readonly selection = new Signal<Selection>(null);
  readonly aim = new Signal<Aim | null>(null);
  /** Share of a fleet that a move takes, in percent. */
  readonly share = new Signal(100);
  readonly ending = new Signal<Ending | null>(null);
  readonly seats = new Signal<ReadonlyMap<FactionId, FactionSeat>>(new Map());
  /** The open dialog. */
  readonly dialog = new Signal<"help" | "signin" | "factions" | "keys" | "operator" | null>(null);

  current: World | null = null;
  private readonly listeners = new Set<WorldListener>();
  private panelTimer: ReturnType<typeof setTimeout> | undefined;
  private feed: Feed | null = null;
  private lines: readonly LogLine[] = [];
  private lastEntryMs = 0;
  /** The universe whose rules were served. */
  private rulesServedFor: string | null = null;

  listen(listener: WorldListener): void {
    this.listeners.add(listener);
    if (this.current !== null) listener.snapshot(this.current);
  }

  /** Connects to the live sector. */
  start(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.feed = new Feed(`${scheme}//${location.host}${this.prefix}/ws`, {
      entry: (entry) => {
        this.lastEntryMs = performance.now();
        this.take(entry);
        this.checkStall();
      },
      connection: (state) => {
        this.connection.set(state);
        this.checkStall();
      },
    });
    this.feed.start();
    if (this.recording !== null) {
      void this.recording.change();
      return;
    }
    void this.startOperator();
    window.addEventListener("hashchange", () => void this.startOperator());
    setInterval(() => this.checkStall(), STALL_CHECK_INTERVAL_MS);
    void this.session.resume();
    void this.refreshSeats();
    setInterval(
      () =>
        void this.whenVisible(async () => {
          await Promise.all([this.refreshSeats(), this.refreshRules()]);
        }),
      SEATS_INTERVAL_MS,
    );
    setInterval(() => void this.whenVisible(() => this.keepClaim()), KEEP_CLAIM_INTERVAL_MS);
  }

  /** Signs in the operator; opens the panel if they used the one-time link. */
  private async startOperator(): Promise<void> {
    if (await this.operator.start()) this.dialog.set("operator");
  }

  private checkStall(): void {
    const mirror = this.current?.mirror;
    this.stalled.set(
      mirror !== undefined &&
        isStalled({
          connection: this.connection.value,
          ended: this.ending.value !== null || mirror.result !== null,
          tickDelayMs: mirror.tickDelayMs,
          silentMs: performance.now() - this.lastEntryMs,
        }),
    );
  }

  /** Shows a still map. */
  show(snapshot: Snapshot): void {
    this.selection.set(null);
    this.begin(snapshot);
  }

  select(selection: Selection): void {
    this.aim.set(null);
    if (selection?.kind === "fleet" && this.selection.value?.kind === "fleet") {
      if (selection.id !== this.selection.value.id) this.share.set(100);
    } else {
      this.share.set(100);
    }
    this.selection.set(selection);
  }

  /** The display name of a faction. */
  factionName(id: FactionId | null): string {
    return id === null ? "nobody" : (this.current?.mirror.faction(id)?.name ?? id);
  }

  systemName(id: SystemId | null): string {
    return id === null ? "nowhere" : (this.current?.mirror.system(id)?.name ?? `system ${id}`);
  }

  move(fleet: Fleet, target: SystemId, sharePercent: number): void {
    const where = `${this.systemName(fleet.system_id)} → ${this.systemName(target)}`;
    this.give(`Move ${where}`, (faction, id) =>
      moveOrder(faction, fleet, target, sharePercent, this.current?.rules ?? null, id),
    );
    this.aim.set(null);
  }

  cancel(fleet: Fleet): void {
    this.give(`Cancel route of fleet ${fleet.id}`, (faction, id) =>
      cancelOrder(faction, fleet, id),
    );
  }

  muster(systemId: SystemId): void {
    const system = this.current?.mirror.system(systemId);
    if (system === undefined) return;
    this.give(`Muster at ${system.name}`, (faction, id) => musterOrder(faction, system, id));
  }

  focus(systemId: SystemId, focus: Focus): void {
    const system = this.current?.mirror.system(systemId);
    if (system === undefined) return;
    this.give(`Focus ${system.name} on ${focus}`, (faction, id) =>
      focusOrder(faction, system, focus, id),
    );
  }

  async claim(faction: FactionId): Promise<boolean> {
    try {
      await this.session.claim(faction);
    } catch (error) {
      this.toasts.add(describe(error), "bad");
      void this.refreshSeats();
      return false;
    }
    this.toasts.add(`You now command ${this.factionName(faction)}.`, "good");
    void this.refreshSeats();
    return true;
  }

  async leave(): Promise<void> {
    try {
      await this.session.leave();
      this.toasts.add("You left your faction. A computer player takes over.", "good");
    } catch (error) {
      this.toasts.add(describe(error), "bad");
    }
    void this.refreshSeats();
  }

  async refreshSeats(): Promise<void> {
    if (this.recorded.value) return;
    try {
      const list = await this.api.factions();
      this.seats.set(new Map(list.factions.map((seat) => [seat.id, seat])));
      const mine = this.session.faction;
      if (mine !== null && this.seats.value.get(mine)?.claimed === false) void this.keepClaim();
    } catch (error) {
      if (error instanceof ApiProblem && error.code === "recorded_run") this.recorded.set(true);
      // The banner shows that the server is unreachable; the table keeps the last known state.
    }
  }

  private give(summary: string, build: (faction: FactionId, clientId: string) => Order): void {
    if (this.recorded.value) {
      this.toasts.add("This is a recorded run. You can only watch.", "bad");
      return;
    }
    const faction = this.session.faction;
    if (faction === null) {
      this.toasts.add("Choose a faction to give orders.", "bad");
      this.dialog.set(this.session.state.value.status === "in" ? "factions" : "signin");
      return;
    }
    const clientId = newClientId();
    let order: Order;
    try {
      order = build(faction, clientId);
    } catch (error) {
      if (!(error instanceof OrderError)) throw error;
      this.toasts.add(error.message, "bad");
      return;
    }
    const tracked: TrackedOrder = {
      clientId,
      order,
      summary,
      status: "sending",
      reason: "",
      tick: null,
    };
    this.orders.update((orders) => [...orders, tracked].slice(-ORDERS_KEPT));
    void this.send(tracked);
  }

  private async send(tracked: TrackedOrder): Promise<void> {
    try {
      await this.session.withToken((token) => this.api.orders(token, [tracked.order]));
      this.amend(tracked.clientId, { status: "accepted" });
    } catch (error) {
      const reason = describe(error);
      this.amend(tracked.clientId, { status: "failed", reason });
      this.toasts.add(`${tracked.summary}: ${reason}`, "bad");
      void this.session.refresh().catch(() => undefined);
    }
  }

  /** Changes an order that is still being sent; its outcome may arrive before the receipt. */
  private amend(clientId: string, change: Partial<TrackedOrder>): void {
    this.orders.update((orders) =>
      orders.map((tracked) =>
        tracked.clientId === clientId && tracked.status === "sending"
          ? { ...tracked, ...change }
          : tracked,
      ),
    );
  }

  private take(entry: StreamEntry): void {
    if (entry.type === "snapshot") return this.begin(entry.data);
    if (this.current === null) return this.feed?.restart();
    if (entry.type === "run_end") return this.finish(entry.data);
    const { mirror, clock } = this.current;
    const result = mirror.apply(entry.data);
    if (result === "gap") return this.feed?.restart();
    if (result === "stale") return;
    clock.observe(mirror.tick, performance.now());
    if (mirror.factions.size !== this.current.marks.size) {
      this.current.marks = marksOf([...mirror.factions.values()]);
    }
    this.dropStaleSelection(mirror);
    this.lines = withDelta(this.lines, entry.data, this.session.faction);
    this.reportOutcomes(entry.data);
    for (const listener of this.listeners) listener.delta(this.current, entry.data);
    this.schedulePanels();
  }

  private begin(snapshot: Snapshot): void {
    const before = this.current?.mirror.universeId ?? null;
    const mirror = new Mirror(snapshot);
    const clock = new TickClock(snapshot.tick_delay_ms);
    clock.reset(snapshot.tick, performance.now());
    const marks = marksOf(snapshot.factions);
    const rules =
      before === snapshot.universe_id ? (this.current?.rules ?? null) : rulesByName(snapshot.rules);
    const world: World = { mirror, graph: new LaneGraph(snapshot.lanes), clock, marks, rules };
    this.current = world;
    this.lines = linesOfSnapshot(snapshot);
    this.log.set(this.lines);
    const isNew = before !== null && before !== snapshot.universe_id;
    // Seeking in a recorded run starts a new universe.
    if (isNew && this.feed !== null && this.recording === null) this.enterUniverse();
    else this.orders.set(markMissed(this.orders.value));
    this.ending.set(
      snapshot.result === null
        ? null
        : {
            ...snapshot.result,
            universe_id: snapshot.universe_id,
            next_universe_in_ms: null,
            nextAtMs: null,
          },
    );
    this.dropStaleSelection(mirror);
    for (const listener of this.listeners) listener.snapshot(world);
    this.world.set({ now: world });
    void this.refreshRules();
  }

  /** Reads the rules of the universe, once. */
  private async refreshRules(): Promise<void> {
    const { current } = this;
    const isLive = this.feed !== null && !this.recorded.value;
    if (!isLive || current === null || this.rulesServedFor === current.mirror.universeId) return;
    try {
      const document = await this.api.rules();
      if (this.current?.mirror.universeId !== document.universe_id) return;
      this.rulesServedFor = document.universe_id;
      this.current.rules = rulesOf(document);
      this.world.set({ now: this.current });
    } catch {
      // Tried again with the next refresh of the factions.
    }
  }

  private enterUniverse(): void {
    this.select(null);
    this.orders.set([]);
    const hadFaction = this.session.faction !== null;
    this.toasts.add(
      hadFaction ? "A new universe has begun. Choose a faction." : "A new universe has begun.",
      "good",
    );
    // A new key is shown only once: keep its dialog open.
    if (hadFaction && this.dialog.value !== "keys") this.dialog.set("factions");
    void this.refreshSeats();
    if (this.session.state.value.status === "in") {
      void this.session.refresh().catch(() => undefined);
    }
  }

  private finish(end: RunEnd): void {
    const next = end.next_universe_in_ms;
    this.ending.set({ ...end, nextAtMs: next === null ? null : performance.now() + next });
    this.schedulePanels();
  }

  private reportOutcomes(delta: Delta): void {
    const before = this.orders.value;
    const after = settle(before, delta.events, delta.texts, delta.tick);
    if (after === before) return;
    after.forEach((tracked, index) => {
      if (tracked === before[index]) return;
      if (tracked.status === "applied") this.toasts.add(`${tracked.summary}: done.`, "good");
      else this.toasts.add(`${tracked.summary}: ${tracked.reason}`, "bad");
    });
    this.orders.set(after);
  }

  private dropStaleSelection(mirror: Mirror): void {
    const selection = this.selection.value;
    if (selection?.kind === "fleet" && !mirror.fleets.has(selection.id)) this.select(null);
    if (selection?.kind === "system" && mirror.system(selection.id) === undefined) {
      this.select(null);
    }
  }

  private schedulePanels(): void {
    if (this.panelTimer !== undefined) return;
    this.panelTimer = setTimeout(() => {
      this.panelTimer = undefined;
      this.log.set(this.lines);
      if (this.current !== null) this.world.set({ now: this.current });
    }, PANEL_INTERVAL_MS);
  }

  private async keepClaim(): Promise<void> {
    const { status, faction } = this.session.state.value;
    if (status !== "in") return;
    if (faction !== null) {
      await this.session.withToken((token) => this.api.keep(token)).catch(() => undefined);
    }
    await this.session.refresh().catch(() => undefined);
    if (faction !== null && this.session.faction === null) {
      this.toasts.add("You lost your faction. A computer player took over.", "bad");
      void this.refreshSeats();
    }
  }

  private async whenVisible(action: () => Promise<void>): Promise<void> {
    if (document.visibilityState === "visible") await action();
  }
}
