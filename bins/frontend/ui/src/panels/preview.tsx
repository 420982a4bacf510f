import { useEffect, useState } from "preact/hooks";
import { describe } from "../api/problem";
import { useUi } from "./context";

const FIELDS = ["seed", "systems", "factions"] as const;

/** Form for the map preview of a seed. */
export function PreviewBar() {
  const { app, map } = useUi();
  const [values, setValues] = useState<Record<string, string>>(() => {
    const query = new URLSearchParams(location.search);
    return Object.fromEntries(FIELDS.map((name) => [name, query.get(name) ?? ""]));
  });
  const [problem, setProblem] = useState<string | null>(null);

  const load = async (wanted: Record<string, string>): Promise<void> => {
    const query = new URLSearchParams();
    for (const name of FIELDS) {
      const value = wanted[name]?.trim() ?? "";
      if (value !== "") query.set(name, value);
    }
    if (!query.has("seed")) query.set("seed", "1");
    try {
      app.show(await app.api.preview(query));
      setProblem(null);
      history.replaceState(null, "", `/preview?${query.toString()}`);
      map?.fit(false);
    } catch (error) {
      setProblem(describe(error));
    }
  };
  useEffect(() => void load(values), [map]);

  return (
    <form
      class="preview-bar"
      aria-label="Preview a seed"
      onSubmit={(event) => {
        event.preventDefault();
        void load(values);
      }}
    >
      {FIELDS.map((name) => (
        <label key={name}>
          <span>{name}</span>
          <input
            inputMode="numeric"
            pattern="[0-9]*"
            placeholder={name === "seed" ? "1" : "default"}
            value={values[name] ?? ""}
            onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <button type="submit" class="primary">
        Show
      </button>
      <button
        type="button"
        onClick={() => {
          const next = { ...values, seed: String(Number(values["seed"] ?? "0") + 1) };
          setValues(next);
          void load(next);
        }}
      >
        Next seed
      </button>
      <a class="button quiet" href="/">
        Live sector
      </a>
      {problem !== null && (
        <p class="note bad" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
