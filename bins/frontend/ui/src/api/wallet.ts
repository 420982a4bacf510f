/** Browser wallets: EIP-6963 announcements, and the older `window.ethereum`. */
import { checksumAddress, messageToHex } from "./ethereum";

interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
}

export interface Wallet {
  /** Reverse domain name (`rdns`) of the wallet, or `injected` for `window.ethereum`. */
  id: string;
  name: string;
  provider: Provider;
}

/**
 * Asks wallets to announce themselves and reports every change of the list. Returns the unsubscribe
 * function.
 */
export function discoverWallets(onChange: (wallets: Wallet[]) => void): () => void {
  const found = new Map<string, Wallet>();
  const injected = (window as { ethereum?: Provider }).ethereum;

  const publish = (): void => {
    const wallets = [...found.values()];
    if (wallets.length === 0 && injected !== undefined && typeof injected.request === "function") {
      wallets.push({ id: "injected", name: "Browser wallet", provider: injected });
    }
    onChange(wallets);
  };
  const announced = (event: Event): void => {
    const detail = (event as CustomEvent<unknown>).detail as
      { info?: { rdns?: unknown; name?: unknown }; provider?: Provider } | undefined;
    const { info, provider } = detail ?? {};
    if (typeof info?.rdns !== "string" || typeof info.name !== "string") return;
    if (typeof provider?.request !== "function") return;
    found.set(info.rdns, { id: info.rdns, name: info.name.slice(0, 40), provider });
    publish();
  };
  window.addEventListener("eip6963:announceProvider", announced);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  publish();
  return () => window.removeEventListener("eip6963:announceProvider", announced);
}

/** Requests an account; returns its EIP-55 address. */
export async function walletAddress(wallet: Wallet): Promise<string> {
  const accounts = await call(wallet, "eth_requestAccounts", []);
  const first = Array.isArray(accounts) ? (accounts[0] as unknown) : undefined;
  if (typeof first !== "string") throw new Error("The wallet returned no account.");
  return checksumAddress(first);
}

/** Requests a signature of the login message. */
export async function walletSign(
  wallet: Wallet,
  address: string,
  message: string,
): Promise<string> {
  const signature = await call(wallet, "personal_sign", [messageToHex(message), address]);
  if (typeof signature !== "string") throw new Error("The wallet returned no signature.");
  return signature;
}

async function call(wallet: Wallet, method: string, params: unknown[]): Promise<unknown> {
  try {
    return await wallet.provider.request({ method, params });
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (code === 4001) throw new Error("You rejected the request in the wallet.", { cause: error });
    if (code === -32002) {
      throw new Error("The wallet is waiting for your answer. Open it.", { cause: error });
    }
    throw new Error(`${wallet.name} could not complete the request.`, { cause: error });
  }
}
