"""kafka-python against a broker: kafka_python.py HOST:PORT SCENARIO. Ends with 0 when every check held, else with a traceback."""
import sys
import threading
import uuid

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError

bootstrap = sys.argv[1]
DEADLINE_MS = 30_000


def fresh(what):
    return f"kafka-python-{what}-{uuid.uuid4().hex[:10]}"


def create(partitions, configs=None):
    topic = fresh("topic")
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs or {})])
    admin.close()
    return topic


def produce(topic, count, partitions, compression=None):
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5, compression_type=compression)
    sent = []
    for i in range(count):
        headers = [("number", str(i).encode()), ("empty", b"")]
        value = None if i % 97 == 0 else b"value %d" % i
        sent.append(producer.send(topic, key=b"key %d" % i, value=value, headers=headers, partition=i % partitions))
    producer.flush(60)
    offsets = [(f.get(30).partition, f.get(30).offset) for f in sent]
    producer.close()
    return offsets


def produce_and_read():
    for compression in (None, "gzip"):
        topic = create(3)
        count = 3000
        offsets = produce(topic, count, 3, compression)
        for partition in range(3):
            mine = [o for p, o in offsets if p == partition]
            assert mine == list(range(count // 3)), mine[:10]
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=DEADLINE_MS)
        consumer.assign([TopicPartition(topic, p) for p in range(3)])
        seen = 0
        for record in consumer:
            i = record.offset * 3 + record.partition
            assert record.key == b"key %d" % i, (record, i)
            assert record.value == (None if i % 97 == 0 else b"value %d" % i), record
            assert record.headers == [("number", str(i).encode()), ("empty", b"")], record
            assert record.timestamp > 1_600_000_000_000, record
            seen += 1
            if seen == count:
                break
        assert seen == count, seen
        consumer.close()


def offsets_and_seek():
    topic = create(1)
    produce(topic, 500, 1)
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=DEADLINE_MS)
    consumer.assign([partition])
    assert consumer.beginning_offsets([partition]) == {partition: 0}
    assert consumer.end_offsets([partition]) == {partition: 500}
    consumer.seek(partition, 250)
    record = next(consumer)
    assert record.offset == 250 and record.key == b"key 250", record
    found = consumer.offsets_for_times({partition: record.timestamp})[partition]
    assert found is not None and found.offset <= 250, found
    assert found.timestamp >= record.timestamp, (found, record)
    assert consumer.offsets_for_times({partition: record.timestamp + 3_600_000})[partition] is None
    consumer.close()


class Member(threading.Thread):
    """One consumer of a group in its thread; remembers what it saw and how many partitions it held when it saw it."""

    def __init__(self, topic, group, wanted):
        super().__init__(daemon=True)
        self.seen, self.held, self.failure = [], set(), None
        self.topic, self.group, self.wanted = topic, group, wanted
        self.enough = threading.Event()

    def run(self):
        try:
            consumer = KafkaConsumer(self.topic, bootstrap_servers=bootstrap, group_id=self.group,
                                     auto_offset_reset="earliest", enable_auto_commit=False)
            while not self.enough.is_set():
                for records in consumer.poll(timeout_ms=200).values():
                    self.seen.extend((r.partition, r.offset) for r in records)
                self.held = set(p.partition for p in consumer.assignment())
                self.wanted(self)
            consumer.commit()
            consumer.close()
        except BaseException as failure:
            self.failure = failure
            raise


def group_of_two():
    topic, group = create(4), fresh("group")
    members = []
    split = threading.Event()

    def watch(_):
        if len(members) == 2 and all(len(m.held) == 2 for m in members) and not members[0].held & members[1].held:
            split.set()

    members = [Member(topic, group, watch), Member(topic, group, watch)]
    for member in members:
        member.start()
    assert split.wait(60), ("two partitions each", [m.held for m in members], [m.failure for m in members])
    produce(topic, 400, 4)
    everything = {(p, o) for p in range(4) for o in range(100)}
    done = threading.Event()

    def enough(_):
        if len(members[0].seen) + len(members[1].seen) >= len(everything):
            done.set()

    for member in members:
        member.wanted = enough
    assert done.wait(60), [len(m.seen) for m in members]
    for member in members:
        member.enough.set()
    for member in members:
        member.join(30)
        assert member.failure is None, member.failure
    seen = members[0].seen + members[1].seen
    assert sorted(seen) == sorted(everything), (len(seen), len(set(seen)))
    check_committed_and_delete(topic, group)


def check_committed_and_delete(topic, group):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    committed = admin.list_consumer_group_offsets(group)
    assert {p.partition: o.offset for p, o in committed.items()} == {p: 100 for p in range(4)}, committed
    assert (group, "consumer") in admin.list_consumer_groups()
    described = admin.describe_consumer_groups([group])[0]
    assert described.state == "Empty" and described.members == [], described
    assert admin.delete_consumer_groups([group])[0][1].errno == 0
    assert (group, "consumer") not in admin.list_consumer_groups()
    admin.close()


def admin_calls():
    topic = fresh("topic")
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    created = NewTopic(topic, 2, 1, topic_configs={"retention.ms": "123456"})
    admin.create_topics([created])
    assert topic in admin.list_topics()
    try:
        admin.create_topics([created])
        raise AssertionError("a topic was created twice")
    except TopicAlreadyExistsError:
        pass
    assert configs_of(admin, topic)["retention.ms"] == "123456"
    assert configs_of(admin, topic)["cleanup.policy"] == "delete"
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"cleanup.policy": "compact"})])
    assert configs_of(admin, topic)["cleanup.policy"] == "compact"
    admin.create_partitions({topic: NewPartitions(5)})
    assert len(admin.describe_topics([topic])[0]["partitions"]) == 5
    assert len(admin.describe_cluster()["brokers"]) >= 1
    admin.delete_topics([topic])
    assert topic not in admin.list_topics()
    try:
        admin.delete_topics([topic])
        raise AssertionError("a topic was deleted twice")
    except UnknownTopicOrPartitionError:
        pass
    admin.close()


def configs_of(admin, topic):
    response = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])[0]
    error, _, _, _, entries = response.resources[0]
    assert error == 0, response
    return {entry[0]: entry[1] for entry in entries}


if __name__ == "__main__":
    globals()[sys.argv[2]]()
    print(f"{sys.argv[2]}: held")
