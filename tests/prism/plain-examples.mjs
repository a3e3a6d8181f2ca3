// Prism follows every `$ref`, also those inside example values, where they belong to the example. Renames them there.
//
// node plain-examples.mjs IN.yaml OUT.json
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// Prism brings a YAML reader along; it is looked up beside Prism, wherever this script lies.
const yaml = createRequire(join(process.cwd(), "node_modules", "x.js"))("js-yaml");
const [source, target] = process.argv.slice(2);

function plain(node, inExample) {
  if (Array.isArray(node)) return node.map((item) => plain(item, inExample));
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      const name = inExample && key === "$ref" ? "ref" : key;
      return [name, plain(value, inExample || key === "example" || (key === "value" && typeof value === "object"))];
    }),
  );
}

writeFileSync(target, JSON.stringify(plain(yaml.load(readFileSync(source, "utf8")), false)));
