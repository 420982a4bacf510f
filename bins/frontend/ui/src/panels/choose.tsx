import { useEffect, useState } from "preact/hooks";
import type { FactionSeat } from "../api/wire";
import { amount, count } from "../state/format";
import { useSignal } from "../state/signal";
import { useUi } from "./context";
import { Dialog } from "./dialog";
import { GuestKey } from "./join";
import { FactionMark } from "./mark";

/** Choose a faction, or leave it. */
export function FactionsDialog() {
  const { app, map } = useUi();
  const session = useSignal(app.session.state);
  const seats = useSignal(app.seats);
  const [busy, setBusy] = useState(false);
  useEffect(() => void app.refreshSeats(), [app]);
  const close = (): void => app.dialog.set(null);
  const claim = async (seat: FactionSeat): Promise<void> => {
    setBusy(true);
    const taken = await app.claim(seat.id);
    setBusy(false);
    if (!taken) return;
    close();
    const faction = app.current?.mirror.faction(seat.id);
    const place = faction?.muster_id ?? faction?.home_id ?? null;
    if (place !== null) {
      map?.show(place);
      app.select({ kind: "system", id: place });
    }
  };
  const starters = [...seats.values()].filter((seat) => seat.kind === "starter");
  const own = session.faction;
  return (
    <Dialog title={own === null ? "Choose a faction" : "Your faction"} onClose={close}>
      {own !== null && (
        <div class="own-seat">
          <p>
            You command <b>{app.factionName(own)}</b>. It stays yours while you visit this page
            regularly. A new universe frees all factions.
          </p>
          <button
            type="button"
            class="danger"
            disabled={busy}
            onClick={() => {
              setBusy(true);
              void app.leave().finally(() => setBusy(false));
            }}
          >
            Leave faction
          </button>
        </div>
      )}
      {own === null && (
        <>
          {starters.length === 0 && <p class="empty">Loading…</p>}
          <ul class="seats">
            {starters.map((seat) => (
              <li key={seat.id}>
                <FactionMark id={seat.id} />
                <span class="who">
                  <span class="name">{seat.name}</span>
                  <span class="dim">
                    {seat.alive
                      ? `${count(seat.systems, "system")} · fleets ${amount(seat.strength)}`
                      : "eliminated"}
                  </span>
                </span>
                <button
                  type="button"
                  class={seat.claimable && !seat.claimed ? "primary" : ""}
                  disabled={busy || !seat.claimable || seat.claimed || !seat.alive}
                  aria-label={`Choose ${seat.name}`}
                  onClick={() => void claim(seat)}
                >
                  {seat.claimed ? "Taken" : seat.alive ? "Choose" : "Eliminated"}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <footer class="actions">
        <button type="button" onClick={() => app.dialog.set("keys")}>
          Bot keys
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            app.session.signOut();
            close();
          }}
        >
          Sign out
        </button>
      </footer>
      {session.method === "guest" && <GuestKey />}
    </Dialog>
  );
}
