import type { Focus, System } from "../api/wire";
import type { World } from "../state/app";
import { amount, count, percent } from "../state/format";
import { focusText, kindText, mayRebel } from "../state/rules";
import { useSignal } from "../state/signal";
import { useUi } from "./context";
import { FactionName } from "./mark";

const FOCUSES: { id: Focus; label: string }[] = [
  { id: "balanced", label: "Balanced" },
  { id: "industry", label: "Industry" },
  { id: "garrison", label: "Garrison" },
  { id: "order", label: "Order" },
];

export function SystemSheet({ world, system }: { world: World; system: System }) {
  const { app, map } = useUi();
  const session = useSignal(app.session.state);
  const mine = session.faction !== null && system.owner === session.faction;
  const muster = mine && world.mirror.faction(session.faction)?.muster_id === system.id;
  const fleets = world.mirror.fleetsAt(system.id);
  const settled = world.rules?.["recovery.maturity_most"] ?? null;
  const home = [...world.mirror.factions.values()].find((faction) => faction.home_id === system.id);
  return (
    <article class="sheet" aria-label={`System ${system.name}`}>
      <header>
        <h3>{system.name}</h3>
        <p class="dim">
          {kindText(system.kind, world.rules)} · value {system.value}
        </p>
      </header>
      <dl class="facts">
        <Fact label="Owner">
          <FactionName id={system.owner} />
          {home !== undefined && home.id === system.owner && <span class="tag">home</span>}
          {muster && <span class="tag">muster</span>}
        </Fact>
        <Fact label="Garrison">{amount(system.garrison)}</Fact>
        <Fact label="Stability">
          <Meter
            value={system.stability / 1000}
            tone={mayRebel(system, world.rules) ? "bad" : "good"}
          />
          {percent(system.stability)}
        </Fact>
        <Fact label="Unrest">
          <Meter value={system.unrest / 1000} tone="bad" />
          {percent(system.unrest)}
        </Fact>
        {system.owner !== null && settled !== null && system.maturity < settled && (
          <Fact label="Settled">
            {system.maturity} of {settled} ticks to full yield
          </Fact>
        )}
        {system.heat > 0 && <Fact label="Recent fighting">{amount(system.heat)} heat</Fact>}
        {system.reclaim_cooldown > 0 && (
          <Fact label="Protected">
            {count(system.reclaim_cooldown, "more tick")}: attackers have lower odds
          </Fact>
        )}
        {system.is_besieged && (
          <Fact label="Besieged by">
            <FactionName id={system.siege_owner} /> with {amount(system.siege_strength)}
          </Fact>
        )}
        {system.occupation_faction !== null && (
          <Fact label="Occupied by">
            <FactionName id={system.occupation_faction} /> for{" "}
            {count(system.occupation_progress, "tick")}
          </Fact>
        )}
      </dl>
      {fleets.length > 0 && (
        <section>
          <h4>Fleets here</h4>
          <ul class="fleet-list">
            {fleets.map((fleet) => (
              <li key={fleet.id}>
                <button type="button" onClick={() => app.select({ kind: "fleet", id: fleet.id })}>
                  <FactionName id={fleet.owner} />
                  <b>{amount(fleet.strength)}</b>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {mine && (
        <section>
          <h4>Focus</h4>
          <div class="segmented" role="group" aria-label="Focus">
            {FOCUSES.map(({ id, label }) => (
              <button
                key={id}
                type="button"
                aria-pressed={system.focus === id}
                title={focusText(id, world.rules)}
                onClick={() => app.focus(system.id, id)}
              >
                {label}
              </button>
            ))}
          </div>
          <p class="dim note">{focusText(system.focus, world.rules)}</p>
        </section>
      )}
      <footer class="actions">
        {mine && !muster && (
          <button type="button" onClick={() => app.muster(system.id)}>
            Muster new fleets here
          </button>
        )}
        <button type="button" class="quiet" onClick={() => map?.show(system.id)}>
          Show on map
        </button>
      </footer>
    </article>
  );
}

export function Fact(props: { label: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{props.label}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function Meter({ value, tone }: { value: number; tone: "good" | "bad" }) {
  const share = Math.min(Math.max(value, 0), 1) * 100;
  return <span class={`meter ${tone}`} aria-hidden="true" style={{ "--share": `${share}%` }} />;
}
