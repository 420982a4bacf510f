import { css, factionColor } from "../state/palette";
import { amount } from "../state/format";
import { useSignal } from "../state/signal";
import { useUi, useWorld } from "./context";
import { FactionMark } from "./mark";

/** Table of all factions, best first. */
export function FactionTable() {
  const { app, map } = useUi();
  const world = useWorld();
  const seats = useSignal(app.seats);
  const session = useSignal(app.session.state);
  if (world === null) return <p class="empty">Waiting for data…</p>;
  const ranking = world.mirror.ranking();
  const most = Math.max(1, ...ranking.map((faction) => faction.value));
  return (
    <table class="factions">
      <thead>
        <tr>
          <th scope="col">Faction</th>
          <th scope="col">
            Systems
            <small>value</small>
          </th>
          <th scope="col">
            Fleets
            <small>economy</small>
          </th>
        </tr>
      </thead>
      <tbody>
        {ranking.map((faction) => {
          const mine = faction.id === session.faction;
          const seat = seats.get(faction.id);
          const place = faction.muster_id ?? faction.home_id;
          return (
            <tr key={faction.id} class={`${mine ? "mine" : ""}${faction.alive ? "" : " fallen"}`}>
              <th scope="row">
                <button
                  type="button"
                  class="row-button"
                  disabled={place === null}
                  title={place === null ? "" : `Show ${app.systemName(place)}`}
                  onClick={() => {
                    if (place === null) return;
                    map?.show(place);
                    app.select({ kind: "system", id: place });
                  }}
                >
                  <FactionMark id={faction.id} />
                  <span class="who">
                    <span class="name">{faction.name}</span>
                    <span class="controller">
                      {faction.alive ? (
                        mine ? (
                          "you"
                        ) : seat?.controller === "human" ? (
                          "human"
                        ) : seat?.autopilot === true ? (
                          "player away, autopilot"
                        ) : typeof seat?.bot === "string" ? (
                          <>
                            bot: <bdi>{seat.bot}</bdi>
                          </>
                        ) : faction.kind === "starter" ? (
                          "computer"
                        ) : (
                          faction.kind
                        )
                      ) : (
                        "eliminated"
                      )}
                    </span>
                  </span>
                </button>
                <span
                  class="bar"
                  aria-hidden="true"
                  style={{
                    "--share": `${(faction.value / most) * 100}%`,
                    "--tint": css(factionColor(faction.color)),
                  }}
                />
              </th>
              <td>
                {faction.systems}
                <small>{faction.value}</small>
              </td>
              <td>
                {amount(faction.strength)}
                <small>{amount(faction.economy)}</small>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
