import type { OrderStatus } from "../state/orders";
import { useSignal } from "../state/signal";
import { useUi } from "./context";

const WORDS: Record<OrderStatus, string> = {
  sending: "sending…",
  accepted: "waiting for the tick",
  applied: "done",
  refused: "refused",
  failed: "not sent",
  missed: "outcome unknown",
};

/** The player's orders with their outcomes. */
export function OrderList() {
  const { app } = useUi();
  const orders = useSignal(app.orders);
  const session = useSignal(app.session.state);
  const recorded = useSignal(app.recorded);
  if (orders.length === 0) {
    return (
      <p class="empty">
        {recorded
          ? "A recorded run takes no orders."
          : session.faction === null
            ? "Choose a faction to give orders."
            : "No orders yet. Select one of your fleets, then click its target."}
      </p>
    );
  }
  return (
    <ol class="orders" aria-label="My orders">
      {[...orders].reverse().map((tracked) => (
        <li key={tracked.clientId} class={tracked.status} data-status={tracked.status}>
          <span class="summary">{tracked.summary}</span>
          <span class="outcome">
            {WORDS[tracked.status]}
            {tracked.tick === null ? "" : ` · tick ${tracked.tick}`}
          </span>
          {tracked.reason !== "" && <span class="reason">{tracked.reason}</span>}
        </li>
      ))}
    </ol>
  );
}
