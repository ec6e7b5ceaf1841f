#!/usr/bin/env bash
# Installs the clients that tests/Clients runs, so far as this machine allows: kcat, kafka-python and confluent-kafka by apt,
# kafkajs by npm, and librdkafka 2.15.1 with its own test-runner and perf tool built from npm tarballs.
#
#   bash tests/Clients/setup.sh        (a second run finds everything there and ends at once)
#
# Nothing is put into the repository: all goes to $DETERMINISTIC_CLIENTS (default: ~/.cache/deterministic-clients), logs included.
# A step that fails is reported and passed over, and this script still ends with 0: the tests that need it skip and say why.
set -uo pipefail

home=${DETERMINISTIC_CLIENTS:-$HOME/.cache/deterministic-clients}
kafkajs_version=2.2.4
librdkafka_version=2.15.1
librdkafka_carrier=@confluentinc/kafka-javascript@1.10.1   # its tarball carries librdkafka 2.15.1: sources and tests
examples_carrier=node-rdkafka@3.6.1                        # its tarball carries librdkafka's examples
rdkafka=$home/librdkafka-$librdkafka_version
mkdir -p "$home/log" || { echo "clients: cannot write $home: nothing installed"; exit 0; }
exec 9> "$home/lock"
flock -w 900 9 || { echo "clients: another setup holds $home/lock"; exit 0; }

# step NAME SECONDS COMMAND...: runs a function or command with a time-out, its output in a log file.
step() {
    local name=$1 limit=$2 log=$home/log/$1.log started=$SECONDS
    shift 2
    export -f "$1" 2> /dev/null
    if timeout --kill-after=10 "$limit" bash -c 'set -eo pipefail; "$@"' step "$@" > "$log" 2>&1 9>&-; then
        echo "clients: $name ready ($((SECONDS - started)) s)"
    else
        echo "clients: $name failed; its tests will skip. Log: $log"
    fi
}

has_apt_clients() { command -v kcat && /usr/bin/python3 -c 'import kafka, confluent_kafka'; }

has_compilers() { command -v g++ && command -v make && [ -f /usr/include/zlib.h ] && [ -f /usr/include/zstd.h ]; }

install_apt_packages() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" apt-get install -y --no-install-recommends "$@"
}

install_kafkajs() {
    mkdir -p "$home/kafkajs"
    cd "$home/kafkajs"
    [ -f package.json ] || echo '{ "private": true }' > package.json
    npm install --no-audit --no-fund --ignore-scripts "kafkajs@$kafkajs_version"
}

# The library as a shared object for Confluent.Kafka, and test-runner and rdkafka_performance with the library linked in.
# TLS, curl and the system's lz4 are left out: no test here needs them, and each is one more thing that can be missing.
build_librdkafka() {
    local work=$home/build
    rm -rf "$work" && mkdir -p "$work/carrier" "$work/examples" && cd "$work"
    npm pack --silent "$librdkafka_carrier" && npm pack --silent "$examples_carrier"
    tar xzf confluentinc-kafka-javascript-*.tgz -C carrier
    tar xzf node-rdkafka-*.tgz -C examples
    mkdir carrier/package/deps/librdkafka/examples
    cp examples/package/deps/librdkafka/examples/rdkafka_performance.c carrier/package/deps/librdkafka/examples/
    cd carrier/package/deps/librdkafka
    ./configure --disable-gssapi --disable-ssl --disable-curl --disable-lz4-ext
    make -j"$(nproc)" -C src librdkafka.so.1 librdkafka.a
    make -j"$(nproc)" -C src-cpp librdkafka++.a
    make -j"$(nproc)" -C tests test-runner
    gcc -O2 -w -Isrc -I. examples/rdkafka_performance.c -o rdkafka_performance src/librdkafka.a -lzstd -lz -ldl -lpthread -lrt -lm
    mkdir "$work/done"
    cp src/librdkafka.so.1 tests/test-runner rdkafka_performance "$work/done/"
    rm -rf "$rdkafka" && mv "$work/done" "$rdkafka" && cd "$home" && rm -rf "$work"
}
export home rdkafka kafkajs_version librdkafka_carrier examples_carrier

if has_apt_clients > /dev/null 2>&1; then
    echo "clients: kcat, kafka-python, confluent-kafka there"
else
    step apt 300 install_apt_packages kcat librdkafka1 python3-kafka python3-confluent-kafka
fi

if [ -f "$home/kafkajs/node_modules/kafkajs/package.json" ]; then
    echo "clients: kafkajs there"
else
    step kafkajs 120 install_kafkajs
fi

if [ -x "$rdkafka/test-runner" ] && [ -f "$rdkafka/librdkafka.so.1" ] && [ -x "$rdkafka/rdkafka_performance" ]; then
    echo "clients: librdkafka $librdkafka_version there"
else
    has_compilers > /dev/null 2>&1 || step compilers 300 install_apt_packages g++ make zlib1g-dev libzstd-dev
    step librdkafka 600 build_librdkafka
fi
exit 0
