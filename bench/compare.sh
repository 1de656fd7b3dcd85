#!/usr/bin/env bash
# Compares the stages of the accept path at a revision with those here: both are
# built first and then measured in turn, ROUNDS times each for BENCHTIME. `make bench-compare
# BASE=rev` runs it.
set -euo pipefail
base=${1:?usage: make bench-compare BASE=revision}
go=${GO:-go}
rounds=${ROUNDS:-6} benchtime=${BENCHTIME:-0.3s}
cd "$(dirname "$0")/.."
base=$(git rev-parse --verify --quiet "$base^{commit}") || { echo "$1 is not a revision" >&2; exit 1; }
dir=$(mktemp -d)
trap 'git worktree remove --force "$dir/tree" 2>/dev/null || true; rm -rf "$dir"' EXIT
git worktree add --quiet --detach "$dir/tree" "$base"
(cd "$dir/tree" && $go test -c -o "$dir/base.test" ./bench)
$go test -c -o "$dir/here.test" ./bench
if [ -z "$("$dir/base.test" -test.list '^BenchmarkStage$')" ]; then
  echo "there is no BenchmarkStage at $1 yet" >&2
  exit 1
fi
for round in $(seq "$rounds"); do
  for side in base here; do
    echo "round $round of $rounds: $side" >&2
    (cd bench && "$dir/$side.test" -test.run '^$' -test.bench '^BenchmarkStage$' -test.benchtime "$benchtime" >> "$dir/$side")
  done
done
$go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da "base=$dir/base" "here=$dir/here"
