// The hash of the sources from which the committed build in `dist` was made.
//
// Algorithm (also implemented elsewhere, so keep it exactly): take the files
//   src/**, public/** (every regular file, any depth), index.html, package.json,
//   package-lock.json, tsconfig.json, vite.config.ts
// as paths relative to this UI directory with "/" separators, sorted by the bytes of
// the path. Then SHA-256 over, for each file in order:
//   path + "\n" + lower-case hex SHA-256 of the file's bytes + "\n"
// `dist/.source-hash` holds the lower-case hex digest and one "\n".
//
// `--write` writes it, `--check` exits with 1 if it differs, no flag prints it.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "..", "dist", ".source-hash");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function filesUnder(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesUnder(path);
    return entry.isFile() ? [path] : [];
  });
}

const paths = [
  ...filesUnder("src"),
  ...filesUnder("public"),
  "index.html",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "vite.config.ts",
].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

const hash = createHash("sha256");
for (const path of paths) hash.update(`${path}\n${sha256(readFileSync(join(root, path)))}\n`);
const digest = hash.digest("hex");

if (process.argv.includes("--write")) {
  writeFileSync(target, `${digest}\n`);
} else if (process.argv.includes("--check")) {
  const committed = readFileSync(target, "utf8").trim();
  if (committed !== digest) {
    console.error(
      `dist is stale (built from ${committed}, sources are ${digest}): run npm run build`,
    );
    process.exit(1);
  }
} else {
  console.log(digest);
}
