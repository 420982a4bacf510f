import { useEffect, useState } from "preact/hooks";
import { useSignal } from "../state/signal";
import { useUi } from "./context";
import { Dialog } from "./dialog";

const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

/** Controls for the operator: pause, restart, bots only. */
export function OperatorDialog() {
  const { app } = useUi();
  const state = useSignal(app.operator.state);
  const [seed, setSeed] = useState("");
  const [asking, setAsking] = useState<"restart" | "bots" | null>(null);
  useEffect(() => void app.operator.refresh(), [app]);
  const chosen = seed.trim() === "" ? null : Number(seed);
  const valid =
    chosen === null || (Number.isInteger(chosen) && chosen >= 0 && chosen <= LARGEST_SEED);
  const close = (): void => app.dialog.set(null);
  return (
    <Dialog title="Operator" onClose={close}>
      <div class="operator">
        <section>
          <h3>Time</h3>
          <button
            type="button"
            disabled={state.busy}
            onClick={() => void app.operator.setPaused(!state.paused)}
          >
            {state.paused ? "Resume" : "Pause"}
          </button>
        </section>
        <section>
          <h3>New universe</h3>
          <label>
            <span>Seed (empty: random)</span>
            <input
              inputMode="numeric"
              value={seed}
              aria-invalid={!valid}
              onInput={(event) => {
                setSeed(event.currentTarget.value);
                setAsking(null);
              }}
            />
          </label>
          {!valid && (
            <p class="note bad">The seed must be a whole number from 0 to {LARGEST_SEED}.</p>
          )}
          <button
            type="button"
            class="danger"
            disabled={state.busy || !valid}
            onClick={() => {
              if (asking === "restart") {
                setAsking(null);
                void app.operator.restart(chosen).then(close);
              } else setAsking("restart");
            }}
          >
            {asking === "restart" ? "Confirm: end this universe" : "Restart"}
          </button>
        </section>
        <section>
          <h3>Players</h3>
          <button
            type="button"
            class="danger"
            disabled={state.busy}
            onClick={() => {
              if (asking === "bots") {
                setAsking(null);
                void app.operator
                  .botsOnly()
                  .then(() => app.refreshSeats())
                  .then(close);
              } else setAsking("bots");
            }}
          >
            {asking === "bots" ? "Confirm: remove all players" : "Bots only"}
          </button>
        </section>
      </div>
    </Dialog>
  );
}
