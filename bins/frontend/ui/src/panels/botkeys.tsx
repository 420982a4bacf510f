import { useEffect, useRef, useState } from "preact/hooks";
import type { KeyRequest, ListedKey } from "../api/wire";
import { day, moment } from "../state/format";
import { useSignal } from "../state/signal";
import { useUi } from "./context";
import { Dialog } from "./dialog";

const LONGEST_LABEL = 40;
const DAY_S = 86_400;

const VERBS: { value: string; label: string; verbs: string[] }[] = [
  { value: "play", label: "Read and give orders", verbs: ["read", "orders"] },
  { value: "orders", label: "Give orders only", verbs: ["orders"] },
  { value: "read", label: "Read only", verbs: ["read"] },
];

const LIVES: { value: string; label: string; seconds: number | null }[] = [
  { value: "day", label: "1 day", seconds: DAY_S },
  { value: "week", label: "7 days", seconds: 7 * DAY_S },
  { value: "month", label: "30 days", seconds: 30 * DAY_S },
  { value: "year", label: "1 year", seconds: 365 * DAY_S },
];

/** Keys for bots that play the player's faction. */
export function BotKeysDialog() {
  const { app } = useUi();
  const { keys, issued, busy, problem } = useSignal(app.botKeys.state);
  const session = useSignal(app.session.state);
  useEffect(() => {
    void app.botKeys.refresh();
    return () => app.botKeys.forget();
  }, [app]);
  useEffect(() => {
    if (session.status === "out") app.dialog.set("signin");
  }, [app, session.status]);
  return (
    <Dialog title="Bot keys" onClose={() => app.dialog.set(null)}>
      <p>
        A bot with one of these keys plays{" "}
        {session.faction === null ? (
          "your faction (once you have one)"
        ) : (
          <b>{app.factionName(session.faction)}</b>
        )}{" "}
        for you and does not need your own key. Everyone can see its label next to your faction.
      </p>
      {problem !== null && (
        <p class="note bad" role="alert">
          {problem}
        </p>
      )}
      {issued !== null && <NewKey key={issued.id} label={issued.label} secret={issued.key} />}
      <CreateKey busy={busy} />
      <section aria-labelledby="bot-keys-title">
        <h3 id="bot-keys-title">Your keys</h3>
        {keys === null && problem === null && <p class="empty">Loading…</p>}
        {keys?.length === 0 && <p class="dim note">No keys yet.</p>}
        <ul class="bot-keys">
          {keys?.map((key) => (
            <Row key={key.id} listed={key} busy={busy} />
          ))}
        </ul>
      </section>
    </Dialog>
  );
}

/** The secret of a new key, which is shown only once. */
function NewKey({ label, secret }: { label: string; secret: string }) {
  const { app } = useUi();
  const section = useRef<HTMLElement>(null);
  const text = useRef<HTMLElement>(null);
  useEffect(() => {
    section.current?.focus();
    section.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      app.toasts.add("Key copied.", "good");
    } catch {
      // Not every page may use the clipboard: select the key for copying by keyboard.
      if (text.current !== null) getSelection()?.selectAllChildren(text.current);
      app.toasts.add("This page may not use the clipboard. The key is selected: copy it.", "bad");
    }
  };
  return (
    <section ref={section} class="new-key" tabIndex={-1} aria-label={`New key ${label}`}>
      <p>
        <b>
          <bdi>{label}</bdi>
        </b>{" "}
        is ready. Copy the key now: it is shown only once.
      </p>
      <code ref={text} class="secret" data-testid="new-key">
        {secret}
      </code>
      <button type="button" class="primary" onClick={() => void copy()}>
        Copy key
      </button>
    </section>
  );
}

function CreateKey({ busy }: { busy: boolean }) {
  const { app } = useUi();
  const [label, setLabel] = useState("");
  const [verbs, setVerbs] = useState("play");
  const [life, setLife] = useState("week");
  const trimmed = label.trim();
  return (
    <form
      class="make-key"
      onSubmit={(event) => {
        event.preventDefault();
        if (trimmed === "" || busy) return;
        const chosen = VERBS.find((choice) => choice.value === verbs);
        const request: KeyRequest = { label: trimmed, verbs: chosen?.verbs ?? [] };
        const seconds = LIVES.find((choice) => choice.value === life)?.seconds ?? null;
        if (seconds !== null) request.expires_in = seconds;
        void app.botKeys.issue(request).then((created) => {
          if (created) setLabel("");
        });
      }}
    >
      <h3>New key</h3>
      <label class="whole">
        <span>Label</span>
        <input
          required
          maxLength={LONGEST_LABEL}
          autocomplete="off"
          placeholder="e.g. night watch"
          value={label}
          onInput={(event) => setLabel(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Permissions</span>
        <select value={verbs} onChange={(event) => setVerbs(event.currentTarget.value)}>
          {VERBS.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Expires after</span>
        <select value={life} onChange={(event) => setLife(event.currentTarget.value)}>
          {LIVES.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary whole" disabled={busy || trimmed === ""}>
        Create key
      </button>
    </form>
  );
}

function Row({ listed, busy }: { listed: ListedKey; busy: boolean }) {
  const { app } = useUi();
  const [sure, setSure] = useState(false);
  const ends =
    typeof listed.expires_at !== "string" ? "no expiry" : `expires ${day(listed.expires_at)}`;
  const used =
    typeof listed.used_at !== "string" ? "never used" : `last used ${moment(listed.used_at)}`;
  return (
    <li>
      <span class="who">
        <span class="name">
          <bdi>{listed.label}</bdi>
        </span>
        <span class="dim">
          {listed.verbs.join(" and ")} · {ends} · {used}
        </span>
      </span>
      <button
        type="button"
        class="danger"
        disabled={busy}
        aria-label={sure ? `Confirm: revoke ${listed.label}` : `Revoke ${listed.label}`}
        onBlur={() => setSure(false)}
        onClick={() => {
          if (sure) void app.botKeys.revoke(listed.id);
          setSure(!sure);
        }}
      >
        {sure ? "Confirm" : "Revoke"}
      </button>
    </li>
  );
}
