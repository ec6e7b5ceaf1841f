#!/usr/bin/env bash
# Measures the raw pipeline, Deterministic in both durability modes and Apache Kafka (where KAFKA_HOME is set) in one run, on this
# machine, and prints one markdown table. The client shares the cores with the broker: trust ratios, not digits.
#   perf/side-by-side.sh [seconds per load, default 5]
set -u
cd "$(dirname "$0")/.."
seconds=${1:-5}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
dotnet build -c Release -v q --nologo -clp:ErrorsOnly perf >&2 || exit 1
dotnet build -c Release -v q --nologo -clp:ErrorsOnly runtime-real >&2 || exit 1
perf="dotnet perf/bin/Release/net10.0/Deterministic.Perf.dll"

wait_for() { # file, text
  for _ in $(seq 600); do grep -q "$2" "$1" 2>/dev/null && return 0; sleep 0.1; done
  echo "did not start: $(tail -3 "$1")" >&2; return 1
}

load() { # who, kind, words...
  local who=$1 kind=$2; shift 2
  local out; out=$($perf load "$kind" seconds="$seconds" bytes=1073741824 "$@" 2>&1 | tail -1)
  echo "| $who | ${out//|/ | } |" | tee -a "$work/rows"
}

# Every load beside the raw pipeline and beside Kafka's same load: throughput (more is better), processor time (less is).
ratios() {
  echo
  echo "| who | load | throughput / raw | processor time / raw | throughput / Kafka | processor time / Kafka |"
  echo "|---|---|---|---|---|---|"
  awk -F'|' '
    function of(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }
    { gsub(/^ +| +$/, "", $2); gsub(/^ +| +$/, "", $3); speed = $4 + 0; time = $5 + 0; paced = $2 ~ /requests|at a time/ }
    $2 ~ /^raw/ { rawSpeed = speed; rawTime = time; next }
    { key = $3; if (match($2, /, [0-9]+ requests.*|, one at a time/)) key = key substr($2, RSTART) }
    $2 ~ /^Apache/ { kafkaSpeed[key] = speed; kafkaTime[key] = time; next }
    { n++; who[n] = $2; what[n] = $3; keys[n] = key; s[n] = speed; t[n] = time; p[n] = paced }
    END {
      for (i = 1; i <= n; i++) {
        k = keys[i]
        print "| " who[i] " | " what[i] " | " (p[i] ? "-" : of(s[i], rawSpeed)) " | " of(t[i], rawTime) \
          " | " of(s[i], kafkaSpeed[k]) " | " of(t[i], kafkaTime[k]) " |"
      }
    }' "$work/rows"
}

# A virtual machine gives memory when it is first touched, and that first touch costs more than everything measured here: the
# page cache is filled once, and emptied, before anybody is timed.
free_mb=$(awk '/MemAvailable/{print int($2/1024 * 0.7)}' /proc/meminfo)
room_mb=$(df -Pm "$work" | awk 'NR==2{print int($4 * 0.5)}')
echo "warming the page cache..." >&2
head -c "$(( (free_mb < room_mb ? free_mb : room_mb) * 1048576 ))" /dev/zero > "$work/warm"; rm -f "$work/warm"

echo "| who | load | throughput | processor time | p50 | p99 | p99.9 |"
echo "|---|---|---|---|---|---|---|"

$perf raw-server 19990 "$work/raw" >"$work/raw.log" 2>&1 & raw=$!
wait_for "$work/raw.log" "listening" && load "raw, page cache" raw port=19990 pid=$raw
kill $raw; wait $raw 2>/dev/null

began=$(date +%s%N)
dotnet runtime-real/bin/Release/net10.0/Deterministic.Runtime.Real.dll --data "$work/ours" --port 19991 >"$work/ours.log" 2>&1 & ours=$!
wait_for "$work/ours.log" "listening on" || exit 1
started=$(( ($(date +%s%N) - began) / 1000000 ))
for mode in flush page-cache; do
  for partitions in 1 100; do
    topic=$mode-$partitions
    load "Deterministic, $mode" produce port=19991 pid=$ours topic=$topic partitions=$partitions durability=$mode
    load "Deterministic, $mode" fetch port=19991 pid=$ours topic=$topic partitions=$partitions
  done
  load "Deterministic, $mode, 2000 requests/s" produce port=19991 pid=$ours topic=$mode-open partitions=1 durability=$mode \
    rate=2000 batch=4096 record=100
  load "Deterministic, $mode, one at a time" produce port=19991 pid=$ours topic=$mode-one partitions=1 durability=$mode \
    in-flight=1 batch=4096 record=100
done
memory=$(awk '/VmRSS/{print int($2/1024)}' /proc/$ours/status)
kill $ours; wait $ours 2>/dev/null
echo
echo "Deterministic: ${started} ms to listening, ${memory} MB resident after these loads."

if [ -n "${KAFKA_HOME:-}" ] && [ -x "$KAFKA_HOME/bin/start-one" ]; then
  echo
  echo "| who | load | throughput | processor time | p50 | p99 | p99.9 |"
  echo "|---|---|---|---|---|---|---|"
  began=$(date +%s%N)
  "$KAFKA_HOME/bin/start-one" "$work/kafka" 19992 >"$work/kafka.log" 2>&1 & launcher=$!
  for _ in $(seq 600); do (exec 3<>/dev/tcp/localhost/19992) 2>/dev/null && break; sleep 0.1; done
  started=$(( ($(date +%s%N) - began) / 1000000 ))
  sleep 2
  kafka=$(pgrep -f "kafka.Kafka.*$work/kafka" | head -1); [ -n "$kafka" ] || kafka=$(pgrep -P $launcher java | head -1)
  [ -n "$kafka" ] || kafka=$launcher
  for partitions in 1 100; do
    load "Apache Kafka (page cache)" produce port=19992 pid="$kafka" topic=p$partitions partitions=$partitions
    load "Apache Kafka (page cache)" fetch port=19992 pid="$kafka" topic=p$partitions partitions=$partitions
  done
  load "Apache Kafka, 2000 requests/s" produce port=19992 pid="$kafka" topic=open partitions=1 rate=2000 batch=4096 record=100
  load "Apache Kafka, one at a time" produce port=19992 pid="$kafka" topic=one partitions=1 in-flight=1 batch=4096 record=100
  echo
  echo "Apache Kafka: ${started} ms to listening, $(awk '/VmRSS/{print int($2/1024)}' /proc/$kafka/status) MB resident after these loads."
  kill $kafka $launcher 2>/dev/null; wait $launcher 2>/dev/null
fi
ratios
exit 0
