import type { Fleet } from "../api/wire";
import type { Plan } from "../render/plan";
import type { World } from "../state/app";
import { amount, count } from "../state/format";
import { partOf } from "../state/orders";
import { leastPart, tooSmallText } from "../state/rules";
import { Signal, useSignal } from "../state/signal";
import { useUi } from "./context";
import { FactionMark, FactionName } from "./mark";
import { Fact } from "./system";

const NO_PLAN = new Signal<Plan | null>(null);

export function FleetSheet({ world, fleet }: { world: World; fleet: Fleet }) {
  const { app, map } = useUi();
  const session = useSignal(app.session.state);
  const mine = session.faction !== null && fleet.owner === session.faction;
  const goal = fleet.route[fleet.route.length - 1] ?? fleet.enroute_to;
  return (
    <article class="sheet" aria-label={`Fleet ${fleet.id}`}>
      <header>
        <h3>Fleet {fleet.id}</h3>
        <p class="dim">
          {fleet.system_id !== null
            ? `At ${app.systemName(fleet.system_id)}`
            : `On the way to ${app.systemName(goal)}`}
        </p>
      </header>
      <dl class="facts">
        <Fact label="Owner">
          <FactionName id={fleet.owner} />
        </Fact>
        <Fact label="Strength">
          {amount(fleet.strength)} of {amount(fleet.max_strength)}
        </Fact>
        {fleet.enroute_to !== null && fleet.eta !== null && (
          <Fact label="Next stop">
            {app.systemName(fleet.enroute_to)} at tick {fleet.eta} (in{" "}
            {count(Math.max(0, fleet.eta - world.mirror.tick), "tick")})
          </Fact>
        )}
        {fleet.route.length > 0 && (
          <Fact label="Then">{fleet.route.map((id) => app.systemName(id)).join(" → ")}</Fact>
        )}
      </dl>
      {mine && fleet.system_id !== null && <MoveControls world={world} fleet={fleet} />}
      {mine && fleet.system_id === null && (
        <p class="dim note">A fleet on a lane cannot be recalled before it arrives.</p>
      )}
      <footer class="actions">
        {mine && fleet.route.length > 0 && (
          <button type="button" onClick={() => app.cancel(fleet)}>
            Cancel route
          </button>
        )}
        {fleet.system_id !== null && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              if (fleet.system_id !== null) app.select({ kind: "system", id: fleet.system_id });
            }}
          >
            Show system
          </button>
        )}
        <button type="button" class="quiet" onClick={() => map?.showFleet(fleet.id)}>
          Show on map
        </button>
      </footer>
    </article>
  );
}

function MoveControls({ world, fleet }: { world: World; fleet: Fleet }) {
  const { app, map } = useUi();
  const share = useSignal(app.share);
  const aim = useSignal(app.aim);
  const plan = useSignal(map?.plan ?? NO_PLAN);
  const part = partOf(fleet.strength, share, leastPart(world.rules));
  const sent = part === "all" ? fleet.strength : part;
  return (
    <section class="move">
      <h4>Move</h4>
      <label>
        <span>
          Send <b>{sent === null ? "–" : amount(sent)}</b> ({share} %)
        </span>
        <input
          type="range"
          min="10"
          max="100"
          step="5"
          value={share}
          aria-label="Share of the fleet to send, in percent"
          onInput={(event) => app.share.set(Number(event.currentTarget.value))}
        />
      </label>
      {sent === null && <p class="note bad">{tooSmallText(world.rules)}</p>}
      {plan !== null && plan.fleet.id === fleet.id ? (
        <p class="plan" role="status">
          To <b>{app.systemName(plan.target)}</b>: {count(plan.path.length - 1, "lane")},{" "}
          {count(plan.ticks, "tick")}, arrives at tick <b>{plan.arrives}</b>.
        </p>
      ) : (
        <p class="dim note">
          Click a system to send the fleet there. Shift-click sends half. Escape deselects.
        </p>
      )}
      <div class="neighbours" role="group" aria-label="Neighbouring systems">
        {world.graph.neighboursOf(fleet.system_id ?? -1).map(({ to, ticks }) => (
          <button
            key={to}
            type="button"
            class="chip"
            aria-pressed={aim?.fleet === fleet.id && aim.target === to}
            title={`${count(ticks, "tick")} away`}
            onClick={() => app.aim.set({ fleet: fleet.id, target: to })}
          >
            <FactionMark id={world.mirror.system(to)?.owner ?? null} small />
            {app.systemName(to)}
          </button>
        ))}
      </div>
      {aim !== null && aim.fleet === fleet.id && (
        <button type="button" class="primary" onClick={() => app.move(fleet, aim.target, share)}>
          Send to {app.systemName(aim.target)}
        </button>
      )}
    </section>
  );
}
