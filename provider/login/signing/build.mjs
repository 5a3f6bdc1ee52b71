// Bundles the script of the signature page, and the licenses of what is in it, into the folder that Go embeds.
// `node build.mjs --check` writes nothing and fails where the checked-in files differ from a rebuild.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const output = "../pages/signature.js";

const { outputFiles, metafile } = await build({
  entryPoints: ["page.js"],
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: "es2022",
  charset: "utf8",
  define: { global: "globalThis" },
  inject: ["globals.js"],
  legalComments: "none", // in licenses.txt, whole
  metafile: true,
  write: false,
  outfile: output,
});

// licenses are the texts of every package that has code in the bundle. Where a package comes without a text,
// licenses/<package>.txt says what is known.
function licenses() {
  const packages = new Set();
  for (const path of Object.keys(metafile.inputs)) {
    const [, name] = /(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    if (name) {
      packages.add(name);
    }
  }
  const texts = [...packages].sort().map((name) => {
    const folder = `node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = readFileSync(file ? `${folder}/${file}` : `licenses/${name}.txt`, "utf8");
    return `${"=".repeat(80)}\n${name} ${version} (${license})\n${"=".repeat(80)}\n\n${text.replace(/\r/g, "").trim()}\n`;
  });
  return `provider/login/pages/signature.js has code of these packages.\n\n${texts.join("\n")}`;
}

const made = { [output]: outputFiles[0].text, "licenses.txt": licenses() };
const differing = Object.keys(made).filter((path) => {
  try {
    return readFileSync(path, "utf8") !== made[path];
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  if (differing.length > 0) {
    console.error(`provider/login/signing: ${differing.join(", ")} differ from a rebuild: run make signature-script`);
    process.exit(1);
  }
} else {
  for (const path of differing) {
    writeFileSync(path, made[path]);
  }
}
console.log(`signature.js: ${made[output].length} characters`);
