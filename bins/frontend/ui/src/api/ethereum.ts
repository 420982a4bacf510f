/**
 * Ethereum addresses (EIP-55) and signed messages (EIP-191) for logins. Keys never leave the
 * browser.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** A secret key: 64 hex digits. */
export type SecretKey = string;

const SECRET_KEY = /^(0x)?[0-9a-f]{64}$/i;

/** A new key from the browser's random source. */
export function newSecretKey(): SecretKey {
  return bytesToHex(secp256k1.utils.randomSecretKey());
}

/** Parses a pasted key, with or without `0x`; null if invalid. */
export function parseSecretKey(text: string): SecretKey | null {
  const trimmed = text.trim();
  if (!SECRET_KEY.test(trimmed)) return null;
  const key = trimmed.slice(-64).toLowerCase();
  return secp256k1.utils.isValidSecretKey(hexToBytes(key)) ? key : null;
}

/** The EIP-55 address of a secret key. */
export function addressOf(key: SecretKey): string {
  const point = secp256k1.getPublicKey(hexToBytes(key), false);
  return checksumAddress(bytesToHex(keccak_256(point.subarray(1)).subarray(12)));
}

/**
 * EIP-55: the case of each letter carries a checksum. Takes 40 hex digits, with or without `0x`.
 */
export function checksumAddress(address: string): string {
  const digits = address.replace(/^0x/i, "").toLowerCase();
  if (!/^[0-9a-f]{40}$/.test(digits)) throw new Error(`"${address}" is not a 20-byte hex address`);
  const hash = bytesToHex(keccak_256(utf8ToBytes(digits)));
  let out = "0x";
  for (let i = 0; i < 40; i += 1) {
    const digit = digits.charAt(i);
    out += parseInt(hash.charAt(i), 16) >= 8 ? digit.toUpperCase() : digit;
  }
  return out;
}

/** The EIP-191 (version 0x45) digest of a text message. */
export function personalMessageHash(message: string): Uint8Array {
  const bytes = utf8ToBytes(message);
  const prefix = utf8ToBytes(`\x19Ethereum Signed Message:\n${bytes.length}`);
  return keccak_256(concatBytes(prefix, bytes));
}

/** Signs like `personal_sign`: r ‖ s ‖ v in hex, low s, v of 27 or 28, deterministic (RFC 6979). */
export function signPersonalMessage(message: string, key: SecretKey): string {
  const signature = secp256k1.sign(personalMessageHash(message), hexToBytes(key), {
    prehash: false,
    format: "recovered",
  });
  const recovery = signature[0] ?? 0;
  return `0x${bytesToHex(signature.subarray(1))}${(27 + recovery).toString(16)}`;
}

/** The parameter of a wallet's `personal_sign`: the bytes of the message in hex. */
export function messageToHex(message: string): string {
  return `0x${bytesToHex(utf8ToBytes(message))}`;
}
