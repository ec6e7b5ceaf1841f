#!/usr/bin/env bash
# Shows that real clients move a real file through the broker and that killing it loses nothing that was acknowledged:
#
#   bash tests/Clients/show-100mb.sh [FILE]          (without FILE one of 110 MB is made)
#
# kcat produces the file line by line (acks=all, idempotent; -E: a lost connection is no reason to give up) to a topic of four
# partitions. Meanwhile the broker is killed with SIGKILL twice and started again on the same folder. kcat ends once every line
# was answered for. Then a second kcat, a kafkajs group of two members and Confluent.Kafka each read the topic, and each reading
# is checked: offsets without a gap, the lines of a partition in the file's order, every line once, all of it identical to the file.
#
# SHOW_BROKER=kafka does the same with Apache Kafka from KAFKA_HOME. Everything is kept in $SHOW_FOLDER when that is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
clients=${DETERMINISTIC_CLIENTS:-$HOME/.cache/deterministic-clients}
export DETERMINISTIC_KAFKAJS=$clients/kafkajs
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
script=tests/Clients/Scripts/kafkajs.js
port=${SHOW_PORT:-19392}
bootstrap=127.0.0.1:$port
topic=show
folder=${SHOW_FOLDER:-$(mktemp -d)}
mkdir -p "$folder"
broker=0

say() { printf '%6.1f s  %s\n' "$(awk -v now="$(date +%s.%N)" -v then="$started" 'BEGIN { print now - then }')" "$*"; }
fail() { say "FAILED: $*"; exit 1; }
started=$(date +%s.%N)

cleanup() {
    [ "$broker" = 0 ] || kill -9 "$broker" 2> /dev/null || true
    [ -n "${SHOW_FOLDER:-}" ] || rm -rf "$folder"
}
trap cleanup EXIT

# Puts a number before each line, so that every line is unique and its place in the file is known.
number_lines() { awk '{ printf "%010d %s\n", NR, $0 }' "$1"; }

# 110 MB of text: a million lines of 50 to 150 bytes from a fixed generator, the same on every machine.
make_text() {
    awk 'BEGIN {
        filler = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-"
        filler = filler filler filler filler; x = 42
        for (i = 0; i < 1080000; i++) { x = (x * 69069 + 1) % 4294967296; print substr(filler, 1 + x % 97, 40 + int(x / 65536) % 101) }
    }'
}

start_broker() {
    if [ "${SHOW_BROKER:-}" = kafka ]; then
        start_kafka
    else
        env -u DETERMINISTIC_KAFKAJS -u DETERMINISTIC_CLIENTS dotnet runtime-real/bin/Release/net10.0/Deterministic.Runtime.Real.dll \
            --listeners "PLAINTEXT://$bootstrap" --data "$folder/data" >> "$folder/broker.log" 2>&1 &
        broker=$!
    fi
    for ((i = 0; i < 600; i++)); do
        kill -0 "$broker" 2> /dev/null || fail "the broker ended: $(tail -5 "$folder/broker.log")"
        if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then return; fi
        sleep 0.1
    done
    fail "the broker does not listen on $port"
}

start_kafka() {
    local properties=$folder/server.properties
    if [ ! -f "$properties" ]; then
        printf '%s\n' process.roles=broker,controller node.id=1 "controller.quorum.bootstrap.servers=127.0.0.1:$((port + 1))" \
            "listeners=PLAINTEXT://$bootstrap,CONTROLLER://127.0.0.1:$((port + 1))" "advertised.listeners=PLAINTEXT://$bootstrap" \
            controller.listener.names=CONTROLLER listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT \
            "log.dirs=$folder/data" offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0 > "$properties"
        java -cp "$KAFKA_HOME/libs/*" kafka.tools.StorageTool format --standalone -t AAAAAAAAQACAAAAAAAAAAA -c "$properties"
    fi
    java -Xmx1g -cp "$KAFKA_HOME/libs/*" kafka.Kafka "$properties" >> "$folder/broker.log" 2>&1 &
    broker=$!
}

# Bytes of the topic's segment files now.
stored() { cat "$folder"/data/"$topic"-*/*.log 2> /dev/null | wc -c; }

# kill_at BYTES: waits until so much is stored, kills the broker, starts it again.
kill_at() {
    while [ "$(stored)" -lt "$1" ]; do
        kill -0 "$producer" 2> /dev/null || fail "the producer ended before $1 bytes were stored: $(tail -5 "$folder/producer.log")"
        kill -0 "$broker" 2> /dev/null || fail "the broker ended: $(tail -5 "$folder/broker.log")"
        sleep 0.01
    done
    kill -9 "$broker"
    wait "$broker" 2> /dev/null || true
    say "broker killed with SIGKILL at $(stored) bytes stored"
    start_broker
    say "broker started again"
}

# check NAME READING: a reading is lines "partition offset line". Offsets of each partition must count from 0 and its lines must
# come in the file's order; put together, the lines must be the file.
check() {
    awk -v name="$1" '
        $2 != next_offset[$1]++ { print name ": partition " $1 " has offset " $2 " after " next_offset[$1] - 2; exit 1 }
        $3 <= last[$1] && $2 > 0 { print name ": line " $3 " after " last[$1] " in partition " $1; exit 1 }
        { last[$1] = $3 }' < <(LC_ALL=C sort -s -k1,1n "$2") || fail "$1 read something else"
    cut -d' ' -f3- "$2" | LC_ALL=C sort > "$2.sorted"
    cmp "$2.sorted" "$folder/file" || fail "$1 read something else"
    say "$1: $(wc -l < "$2") lines, identical ($(md5sum < "$2.sorted" | cut -c1-32))"
    rm "$2.sorted"
}

bash tests/Clients/setup.sh
dotnet build Deterministic.sln -c Release -v q --nologo -clp:ErrorsOnly
if [ $# -gt 0 ]; then number_lines "$1" > "$folder/file"; else make_text | number_lines /dev/stdin > "$folder/file"; fi
size=$(wc -c < "$folder/file")
say "the file: $size bytes, $(wc -l < "$folder/file") lines, md5 $(md5sum < "$folder/file" | cut -c1-32)"
[ "$size" -ge 100000000 ] || say "note: the file is smaller than 100 MB"

start_broker
node "$script" "$bootstrap" create_topic "$topic" 4 2>> "$folder/clients.log"
say "broker on $bootstrap, topic $topic of 4 partitions; kcat produces"
kcat -P -E -b "$bootstrap" -t "$topic" -X enable.idempotence=true -X acks=all -X queue.buffering.max.kbytes=16384 -l "$folder/file" \
    > "$folder/producer.log" 2>&1 &
producer=$!
kill_at $((size / 3))
kill_at $((size * 2 / 3))
wait "$producer" || fail "kcat could not deliver every line: $(tail -5 "$folder/producer.log")"
say "kcat: every line acknowledged"

kcat -C -b "$bootstrap" -t "$topic" -o beginning -e -q -X check.crcs=true -f '%p %o %s\n' > "$folder/kcat.read"
check "second kcat" "$folder/kcat.read"
node "$script" "$bootstrap" read_lines "$topic" "$(wc -l < "$folder/file")" > "$folder/kafkajs.read" 2> "$folder/kafkajs.log" ||
    fail "kafkajs: $(tail -5 "$folder/kafkajs.log")"
say "$(grep -a 'group of two' "$folder/kafkajs.log")"
check "kafkajs group of two" "$folder/kafkajs.read"
dotnet tests/bin/Release/net10.0/Deterministic.Tests.dll confluent-read "$bootstrap" "$topic" > "$folder/confluent.read"
check "Confluent.Kafka" "$folder/confluent.read"
say "shown: nothing acknowledged is missing, and three clients read the file back identical"
