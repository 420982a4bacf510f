import { defineConfig } from "vitest/config";

/** The sector for `npm run dev`. */
const sector = new URL(process.env["SECTOR_URL"] ?? "http://localhost:9000");

/**
 * The build is committed and embedded in the frontend binary, so it must be the same on every
 * machine: content hashes in names, no absolute paths, no host names.
 */
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    proxy: {
      "/api": sector.origin,
      "/tail": sector.origin,
      "/ws": { target: `ws://${sector.host}`, ws: true },
    },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
