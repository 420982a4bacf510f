import { useSignal } from "../state/signal";
import { shortAddress } from "../state/format";
import { useUi, useWorld } from "./context";
import { FactionMark } from "./mark";

const CONNECTION = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
} as const;

const STALLED =
  "Connected, but no ticks arrive: the sector is paused, or its engine is not running.";

const RECORDED = "This is a recorded run. You can only watch.";

export function TopBar({ live }: { live: boolean }) {
  const { app } = useUi();
  const world = useWorld();
  const connection = useSignal(app.connection);
  const operator = useSignal(app.operator.state);
  const stalled = useSignal(app.stalled);
  const recorded = useSignal(app.recorded);
  return (
    <header class="topbar">
      <h1>
        <img src="/favicon.svg" alt="" width="24" height="24" />
        Sector
      </h1>
      <dl class="vitals">
        <div>
          <dt>Tick</dt>
          <dd data-testid="tick">{world?.mirror.tick ?? "–"}</dd>
        </div>
        <div class={live ? "desktop" : ""}>
          <dt>Universe</dt>
          <dd
            title={world === null ? "" : `${world.mirror.universeId}, rules ${world.mirror.rules}`}
          >
            seed {world?.mirror.seed ?? "–"}
          </dd>
        </div>
      </dl>
      {live && (
        <span
          class={`connection ${recorded && connection === "live" ? "recorded" : stalled ? "halted" : connection}`}
          role="status"
          title={recorded ? RECORDED : stalled ? STALLED : ""}
        >
          <i aria-hidden="true" />
          {recorded && connection === "live"
            ? "Recorded run"
            : !stalled
              ? CONNECTION[connection]
              : operator.signedIn && operator.paused
                ? "Paused"
                : "Stalled"}
        </span>
      )}
      <span class="space" />
      <nav aria-label="Main">
        {live && (
          <a class="button quiet desktop" href="/preview">
            Preview a seed
          </a>
        )}
        <a class="button quiet desktop" href="/tail" target="_blank" rel="noreferrer">
          Text feed
        </a>
        {operator.signedIn && (
          <button type="button" onClick={() => app.dialog.set("operator")}>
            Operator
          </button>
        )}
        {live && !recorded && <SeatButton />}
        <button
          type="button"
          class="quiet round"
          aria-label="Help"
          onClick={() => app.dialog.set("help")}
        >
          ?
        </button>
      </nav>
    </header>
  );
}

function SeatButton() {
  const { app } = useUi();
  const session = useSignal(app.session.state);
  if (session.status !== "in") {
    return (
      <button
        type="button"
        class="primary"
        disabled={session.status === "busy"}
        onClick={() => app.dialog.set("signin")}
      >
        {session.status === "busy" ? "Signing in…" : "Join the war"}
      </button>
    );
  }
  if (session.faction === null) {
    return (
      <button type="button" class="primary" onClick={() => app.dialog.set("factions")}>
        Choose a faction
      </button>
    );
  }
  return (
    <button
      type="button"
      class="seat"
      title={session.address === null ? "" : shortAddress(session.address)}
      onClick={() => app.dialog.set("factions")}
    >
      <FactionMark id={session.faction} small />
      <span class="seat-name">{app.factionName(session.faction)}</span>
    </button>
  );
}
