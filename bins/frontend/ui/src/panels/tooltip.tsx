import type { World } from "../state/app";
import type { Hover } from "../render/map";
import { amount, count } from "../state/format";
import { useSignal } from "../state/signal";
import type { MapView } from "../render/map";
import { useUi, useWorld } from "./context";
import { FactionName } from "./mark";

/** Tooltip for the system or fleet under the pointer. */
export function Tooltip({ map }: { map: MapView }) {
  const world = useWorld();
  const hover = useSignal(map.hover);
  const plan = useSignal(map.plan);
  const { app } = useUi();
  if (world === null || hover === null) return null;
  const left = hover.x > map.camera.width - 280;
  const up = hover.y > map.camera.height - 160;
  const place = `translate(${hover.x + (left ? -14 : 14)}px, ${hover.y + (up ? -10 : 14)}px) translate(${left ? "-100%" : "0"}, ${up ? "-100%" : "0"})`;
  return (
    <div class="tooltip" style={{ transform: place }} aria-hidden="true">
      <Content world={world} hit={hover.hit} />
      {plan !== null && hover.hit.kind === "system" && plan.target === hover.hit.id && (
        <p class="plan">
          Send {app.share.value < 100 ? `${app.share.value} %` : "the fleet"}:{" "}
          {count(plan.ticks, "tick")}, arrives at tick <b>{plan.arrives}</b>
        </p>
      )}
    </div>
  );
}

function Content({ world, hit }: { world: World; hit: Hover["hit"] }) {
  const { app } = useUi();
  if (hit.kind === "fleet") {
    const fleet = world.mirror.fleets.get(hit.id);
    if (fleet === undefined) return null;
    return (
      <>
        <b>
          <FactionName id={fleet.owner} />
        </b>
        <p>
          Fleet of {amount(fleet.strength)}
          {fleet.eta === null
            ? ", idle"
            : ` to ${app.systemName(fleet.enroute_to)}, tick ${fleet.eta}`}
        </p>
      </>
    );
  }
  const system = world.mirror.system(hit.id);
  if (system === undefined) return null;
  return (
    <>
      <b>{system.name}</b>
      <p>
        <FactionName id={system.owner} />
      </p>
      <p class="dim">
        {system.kind === "normal" ? "" : `${system.kind} · `}value {system.value} · garrison{" "}
        {amount(system.garrison)}
      </p>
      {system.is_besieged && <p class="bad">besieged by {app.factionName(system.siege_owner)}</p>}
    </>
  );
}
