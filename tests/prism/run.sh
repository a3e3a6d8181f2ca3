#!/usr/bin/env bash
# Collects from servers that were not written here, and audits the result.
#
# Stoplight Prism (npm) serves the vendors' own OpenAPI descriptions on loopback. Every resource type of the catalogue
# must be asked and its answer read without an error. The descriptions lie beside the repository while it is
# developed; without them the script says so and ends well.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
specs="$root/../shared/specs"
if [ ! -f "$specs/graph-v1-trimmed.yaml" ]; then
  echo "skipped: the vendors' OpenAPI descriptions are not beside the repository"
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo "npm is needed: apt-get install npm" >&2
  exit 1
fi

work=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

cp "$here/package.json" "$here"/*.mjs "$work/"
(cd "$work" && npm install --no-audit --no-fund --silent)
cargo build --quiet --manifest-path "$root/Cargo.toml"
tenken="${CARGO_TARGET_DIR:-$root/target}/debug/tenken"

# Ports below the range that the system hands out by itself.
base=$((20000 + RANDOM % 10000))
prism() { # PORT DESCRIPTION
  "$work/node_modules/.bin/prism" mock --host 127.0.0.1 --port "$1" "$2" >"$work/prism-$1.log" 2>&1 &
  pids+=($!)
}
prism "$((base + 1))" "$specs/graph-v1-trimmed.yaml"
prism "$((base + 2))" "$specs/graph-beta-trimmed.yaml"
(cd "$work" && node plain-examples.mjs "$specs/okta/okta-2026.06.3-management-minimal.yaml" okta.json)
prism "$((base + 3))" "$work/okta.json"
node "$work/front.mjs" "$base" "$((base + 1))" "$((base + 2))" "$((base + 4))" "$((base + 3))" &
pids+=($!)
for port in $((base + 1)) $((base + 2)) $((base + 3)); do
  for _ in $(seq 1 240); do
    grep -q "Prism is listening" "$work/prism-$port.log" 2>/dev/null && break
    sleep 0.5
  done
  grep -q "Prism is listening" "$work/prism-$port.log" || { cat "$work/prism-$port.log" >&2; exit 1; }
done

cat >"$work/tenken.yaml" <<YAML
tenants:
  - name: prism
    okta: { url: "http://127.0.0.1:$((base + 4))", token: { command: [echo, prism] } }
    entra:
      tenant: prism
      client_id: prism
      client_secret: { command: [echo, prism] }
      login_url: "http://127.0.0.1:$base"
      graph_url: "http://127.0.0.1:$base"
YAML
"$tenken" snapshot --config "$work/tenken.yaml" --all --members-of "People of the rollout" --rate-share 100% --out "$work/snapshot"
python3 - "$work/snapshot/manifest.json" "$specs/graph-v1-trimmed.yaml" <<'PY'
import json, sys
resources = json.load(open(sys.argv[1]))["resources"]
described = {line.strip(" \n:'") for line in open(sys.argv[2]) if line.startswith("  /")}
# A path that the description leaves out cannot be answered; the type has to say so.
undescribed = {type_ for type_, path in [("entra.org_contact", "/contacts")] if path not in described}
print(f"{'resource':32} {'status':10} {'objects':>7} {'requests':>8}")
for entry in resources:
    print(f"{entry['resource']:32} {entry['status']:10} {entry['objects']:>7} {entry['requests']:>8}  {entry.get('reason', '')}")
expected = lambda e: "unavailable" if e["resource"] in undescribed else "complete"
wrong = [e["resource"] for e in resources if e["status"] != expected(e)]
unasked = [e["resource"] for e in resources if e["requests"] == 0]
sys.exit(f"not read whole: {wrong}; not asked: {unasked}" if wrong or unasked else 0)
PY
"$tenken" audit "$work/snapshot" --fail-on none
