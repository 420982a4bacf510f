import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import {
  addressOf,
  checksumAddress,
  messageToHex,
  newSecretKey,
  parseSecretKey,
  personalMessageHash,
  signPersonalMessage,
} from "../src/api/ethereum";

/** A well-known development key of Ethereum test chains. */
const KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

describe("keccak-256", () => {
  it("is Keccak, not SHA-3", () => {
    expect(bytesToHex(keccak_256(new Uint8Array()))).toBe(
      "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    );
    expect(bytesToHex(keccak_256(utf8ToBytes("abc")))).toBe(
      "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    );
  });
});

describe("EIP-55", () => {
  it.each([
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
  ])("formats %s as in the standard", (address) => {
    expect(checksumAddress(address.toLowerCase())).toBe(address);
    expect(checksumAddress(address.slice(2).toUpperCase())).toBe(address);
  });

  it("refuses invalid addresses", () => {
    expect(() => checksumAddress("0x1234")).toThrow("not a 20-byte hex address");
  });
});

describe("EIP-191", () => {
  it("gives the same hash as ethers and viem", () => {
    expect(bytesToHex(personalMessageHash("Hello World"))).toBe(
      "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2",
    );
  });

  it("counts bytes, not characters", () => {
    const expected = keccak_256(utf8ToBytes("\x19Ethereum Signed Message:\n3€"));
    expect(bytesToHex(personalMessageHash("€"))).toBe(bytesToHex(expected));
  });

  it("derives the address of a known key", () => {
    expect(addressOf(KEY)).toBe(ADDRESS);
  });

  it("signs so that the address can be recovered, with low s and v of 27 or 28", () => {
    const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
    for (let i = 0; i < 24; i += 1) {
      const key = newSecretKey();
      const message = `sign in\nnonce ${i}`;
      const signature = signPersonalMessage(message, key);
      expect(signature).toMatch(/^0x[0-9a-f]{130}$/);
      const bytes = hexToBytes(signature.slice(2));
      const v = bytes[64] ?? 0;
      expect([27, 28]).toContain(v);
      expect(BigInt(`0x${bytesToHex(bytes.subarray(32, 64))}`) <= half).toBe(true);
      const recovered = secp256k1.recoverPublicKey(
        Uint8Array.from([v - 27, ...bytes.subarray(0, 64)]),
        personalMessageHash(message),
        { prehash: false },
      );
      const point = secp256k1.Point.fromBytes(recovered).toBytes(false);
      const address = checksumAddress(bytesToHex(keccak_256(point.subarray(1)).subarray(12)));
      expect(address).toBe(addressOf(key));
    }
  });

  it("is deterministic", () => {
    expect(signPersonalMessage("a", KEY)).toBe(signPersonalMessage("a", KEY));
  });

  it("passes messages to wallets as hex bytes", () => {
    expect(messageToHex("Aé")).toBe("0x41c3a9");
  });
});

describe("secret keys", () => {
  it("are parsed with and without 0x", () => {
    expect(parseSecretKey(` 0x${KEY.toUpperCase()} `)).toBe(KEY);
    expect(parseSecretKey(KEY)).toBe(KEY);
  });

  it("must be in the range of the curve", () => {
    expect(parseSecretKey("0".repeat(64))).toBeNull();
    expect(parseSecretKey("f".repeat(64))).toBeNull();
    expect(parseSecretKey("abc")).toBeNull();
  });
});
