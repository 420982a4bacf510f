import { useEffect, useState } from "preact/hooks";
import { discoverWallets, type Wallet } from "../api/wallet";
import { shortAddress } from "../state/format";
import { useSignal } from "../state/signal";
import { useUi } from "./context";
import { Dialog } from "./dialog";

/** Sign in as a guest or with a wallet, then continue to the choice of a faction. */
export function SignInDialog() {
  const { app } = useUi();
  const session = useSignal(app.session.state);
  const [wallets, setWallets] = useState<Wallet[]>([]);
  useEffect(() => discoverWallets(setWallets), []);
  useEffect(() => {
    if (session.status === "in") app.dialog.set("factions");
  }, [app, session.status]);
  const busy = session.status === "busy";
  return (
    <Dialog title="Join the war" onClose={() => app.dialog.set(null)}>
      <p>
        You sign in with a key. For guests, the browser creates one and keeps it; it never leaves
        this device.
      </p>
      {session.problem !== null && (
        <p class="note bad" role="alert">
          {session.problem}
        </p>
      )}
      <div class="choices">
        <button
          type="button"
          class="primary"
          disabled={busy}
          onClick={() => void app.session.signInAsGuest()}
        >
          {busy ? "Signing in…" : "Play as a guest"}
        </button>
        {wallets.map((wallet) => (
          <button
            key={wallet.id}
            type="button"
            disabled={busy}
            onClick={() => void app.session.signInWithWallet(wallet)}
          >
            Sign in with {wallet.name}
          </button>
        ))}
      </div>
      {wallets.length === 0 && (
        <p class="dim note">Ethereum wallets found in this browser appear here.</p>
      )}
      <GuestKey />
    </Dialog>
  );
}

/** Export, import or delete the guest key. */
export function GuestKey() {
  const { app } = useUi();
  const session = useSignal(app.session.state);
  const [shown, setShown] = useState(false);
  const [text, setText] = useState("");
  const [sure, setSure] = useState(false);
  const key = app.session.guestKey();
  return (
    <details class="guest-key">
      <summary>Guest key</summary>
      {session.method === "guest" && session.address !== null && (
        <p>
          You play as <code title={session.address}>{shortAddress(session.address)}</code>.
        </p>
      )}
      {key !== null ? (
        <>
          <p class="dim note">
            Anyone with this key can play as you. Keep a copy to use another browser.
          </p>
          {shown && <code class="secret">0x{key}</code>}
          <div class="choices row">
            <button type="button" onClick={() => setShown(!shown)}>
              {shown ? "Hide key" : "Show key"}
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                if (sure) app.session.forgetGuestKey();
                setSure(!sure);
              }}
            >
              {sure ? "Confirm: delete key" : "Delete key"}
            </button>
          </div>
        </>
      ) : (
        <form
          class="choices row"
          onSubmit={(event) => {
            event.preventDefault();
            if (app.session.importGuestKey(text)) void app.session.signInAsGuest();
            else app.toasts.add("Invalid key: it must have 64 hexadecimal digits.", "bad");
          }}
        >
          <input
            type="password"
            autocomplete="off"
            aria-label="Guest key"
            placeholder="Paste a key from another browser"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit">Use key</button>
        </form>
      )}
    </details>
  );
}
