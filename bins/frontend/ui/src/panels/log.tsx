import { useState } from "preact/hooks";
import { matches, type LogFilter, type LogLine } from "../state/log";
import { useSignal } from "../state/signal";
import { useUi } from "./context";

const FILTERS: { id: LogFilter; label: string }[] = [
  { id: "all", label: "All" },
  { id: "battles", label: "Battles" },
  { id: "captures", label: "Captures" },
  { id: "mine", label: "Mine" },
];
/** Maximum lines shown; the log keeps more for the filters. */
const SHOWN = 120;

export function EventLog() {
  const { app, map } = useUi();
  const lines = useSignal(app.log);
  const session = useSignal(app.session.state);
  const [filter, setFilter] = useState<LogFilter>("all");
  const shown: LogLine[] = [];
  for (let i = lines.length - 1; i >= 0 && shown.length < SHOWN; i -= 1) {
    const line = lines[i];
    if (line !== undefined && matches(line, filter, session.faction)) shown.push(line);
  }
  return (
    <section class="log" aria-label="Event log">
      <div class="filters" role="group" aria-label="Show">
        {FILTERS.map(({ id, label }) => (
          <button
            key={id}
            type="button"
            class="chip"
            aria-pressed={filter === id}
            onClick={() => setFilter(id)}
          >
            {label}
          </button>
        ))}
      </div>
      {shown.length === 0 && (
        <p class="empty">
          {filter === "mine" && session.faction === null
            ? "Choose a faction to see its events here."
            : "Nothing yet."}
        </p>
      )}
      <ol>
        {shown.map((line) => (
          <li key={line.key} class={`line ${line.event.type}`}>
            <button
              type="button"
              disabled={line.system === null}
              onClick={() => {
                if (line.system === null) return;
                map?.show(line.system);
                app.select({ kind: "system", id: line.system });
              }}
            >
              <span class="when">{line.tick}</span>
              <span class="what">{line.text}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
