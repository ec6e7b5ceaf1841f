"""confluent-kafka for Python (librdkafka 2.0.2) against a broker: confluent_python.py HOST:PORT SCENARIO."""
import sys
import time
import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

bootstrap = sys.argv[1]
DEADLINE_S = 60


def fresh(what):
    return f"confluent-python-{what}-{uuid.uuid4().hex[:10]}"


def create(admin, partitions, config=None):
    topic = fresh("topic")
    admin.create_topics([NewTopic(topic, partitions, 1, config=config or {})])[topic].result(30)
    return topic


def produce(topic, count, partitions, **settings):
    failures, offsets = [], {p: [] for p in range(partitions)}

    def delivered(error, message):
        failures.append(error) if error else offsets[message.partition()].append(message.offset())

    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", **settings})
    for i in range(count):
        producer.produce(topic, value=b"value %d" % i, key=b"key %d" % i, partition=i % partitions,
                         headers=[("number", b"%d" % i)], on_delivery=delivered)
        producer.poll(0)
    assert producer.flush(60) == 0, "undelivered records"
    assert not failures, failures[:3]
    return offsets


def read(consumer, count):
    records, deadline = [], time.monotonic() + DEADLINE_S
    while len(records) < count and time.monotonic() < deadline:
        for message in consumer.consume(500, 0.5):
            assert not message.error(), message.error()
            records.append(message)
    assert len(records) == count, (len(records), count)
    return records


def every_codec():
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        topic = create(admin, 2)
        offsets = produce(topic, 2000, 2, **{"compression.type": codec, "enable.idempotence": True, "linger.ms": 5})
        assert offsets == {p: list(range(1000)) for p in range(2)}, codec
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": fresh("group"), "enable.auto.commit": False,
                             "check.crcs": True})
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(2)])
        for message in read(consumer, 2000):
            i = message.offset() * 2 + message.partition()
            assert message.value() == b"value %d" % i and message.key() == b"key %d" % i, (codec, i)
            assert message.headers() == [("number", b"%d" % i)], message.headers()
        assert consumer.get_watermark_offsets(TopicPartition(topic, 1), timeout=10) == (0, 1000)
        consumer.close()


def two_members(strategy, static):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic, group = create(admin, 4), fresh("group")
    members = []
    for i in range(2):
        settings = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                    "enable.auto.commit": False, "partition.assignment.strategy": strategy}
        if static:
            settings["group.instance.id"] = f"instance-{i}"
        member = Consumer(settings)
        member.subscribe([topic])
        members.append(member)
    deadline = time.monotonic() + DEADLINE_S
    while [len(m.assignment()) for m in members] != [2, 2]:
        assert time.monotonic() < deadline, [m.assignment() for m in members]
        for member in members:
            assert member.poll(0.1) is None, "a record before anything was produced"
    produce(topic, 400, 4)
    seen = []
    while len(seen) < 400:
        assert time.monotonic() < deadline, len(seen)
        for member in members:
            for message in member.consume(200, 0.2):
                assert not message.error(), message.error()
                seen.append((message.partition(), message.offset()))
    assert sorted(seen) == [(p, o) for p in range(4) for o in range(100)]
    for member in members:
        member.commit(asynchronous=False)
    committed = members[0].committed([TopicPartition(topic, p) for p in range(4)], timeout=10)
    assert [p.offset for p in committed] == [100] * 4, committed
    described = [g for g in admin.list_groups(timeout=10) if g.id == group][0]
    assert described.state == "Stable" and len(described.members) == 2, (described.state, described.members)
    for member in members:
        member.close()


def eager_group():
    two_members("range", static=False)


def cooperative_group():
    two_members("cooperative-sticky", static=False)


def static_group():
    two_members("roundrobin", static=True)


def admin_calls():
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic = create(admin, 1, {"retention.ms": "123456"})
    again = admin.create_topics([NewTopic(topic, 1, 1)])[topic].exception(30)
    assert again.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS, again
    bad = fresh("bad") + "/name"
    refused = admin.create_topics([NewTopic(bad, 1, 1)])[bad].exception(30)
    assert refused.args[0].code() == KafkaError.TOPIC_EXCEPTION, refused
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    configs = admin.describe_configs([resource])[resource].result(30)
    assert configs["retention.ms"].value == "123456" and not configs["retention.ms"].is_default
    assert configs["segment.bytes"].is_default, configs["segment.bytes"]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"retention.ms": "654321"})
    admin.alter_configs([resource])[resource].result(30)
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(30)
    assert len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == 3
    admin.delete_topics([topic])[topic].result(30)
    assert topic not in admin.list_topics(timeout=10).topics


if __name__ == "__main__":
    globals()[sys.argv[2]]()
    print(f"{sys.argv[2]}: held")
