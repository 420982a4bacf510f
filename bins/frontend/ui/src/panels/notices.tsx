import { useEffect, useState } from "preact/hooks";
import type { RunCause } from "../api/wire";
import { duration } from "../state/format";
import { useSignal } from "../state/signal";
import { useUi } from "./context";
import { FactionMark } from "./mark";

export function ToastStack() {
  const { app } = useUi();
  const toasts = useSignal(app.toasts.list);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <button
          key={toast.key}
          type="button"
          class={`toast ${toast.tone}`}
          title="Dismiss"
          onClick={() => app.toasts.dismiss(toast.key)}
        >
          {toast.text}
        </button>
      ))}
    </div>
  );
}

export function ConnectionBanner() {
  const { app } = useUi();
  const connection = useSignal(app.connection);
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (connection === "live") return undefined;
    const timer = setTimeout(() => setLate(true), 600);
    return () => clearTimeout(timer);
  }, [connection]);
  if (!late || connection === "live") return null;
  return (
    <div class="banner" role="alert">
      {connection === "connecting" ? "Connecting to the sector…" : "Reconnecting…"}
    </div>
  );
}

const CAUSES: Record<RunCause, string> = {
  domination: "by domination",
  last_standing: "as the last one standing",
  tick_limit: "by score when time ran out",
};

/** A next universe overdue by this much is not imminent: the sector may be paused. */
const LATE_MS = 3_000;

function nextUniverse(waitMs: number | null): string {
  if (waitMs === null) return " A new universe will follow.";
  if (waitMs > 0) return ` The next universe starts in ${duration(waitMs)}.`;
  if (waitMs > -LATE_MS) return " The next universe is starting.";
  return " Waiting for the next universe.";
}

export function VictoryBanner() {
  const { app } = useUi();
  const ending = useSignal(app.ending);
  const recorded = useSignal(app.recorded);
  const [, setNow] = useState(0);
  const counting = ending !== null && ending.nextAtMs !== null && !recorded;
  useEffect(() => {
    if (!counting) return undefined;
    const timer = setInterval(() => setNow((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [counting]);
  if (ending === null) return null;
  const waitMs = ending.nextAtMs === null ? null : ending.nextAtMs - performance.now();
  return (
    <div class="victory" role="alert">
      {ending.winner !== null && <FactionMark id={ending.winner} />}
      <div>
        <strong>
          {ending.winner === null
            ? "The war ended without a winner"
            : `${app.factionName(ending.winner)} won the war`}
        </strong>
        <span>
          {ending.winner === null ? "" : `${CAUSES[ending.cause]}, `}at tick {ending.tick}.
          {recorded ? " This was a recorded run." : nextUniverse(waitMs)}
        </span>
      </div>
    </div>
  );
}
