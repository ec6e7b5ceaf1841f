// kafkajs against a broker: node kafkajs.js HOST:PORT SCENARIO [ARGUMENTS]. Ends with 0 when every check held.
// The module is found through DETERMINISTIC_KAFKAJS, the folder that tests/Clients/setup.sh installed it in.
'use strict';
const assert = require('assert');
const { randomUUID } = require('crypto');
const { writeSync } = require('fs');
process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';
const { Kafka, CompressionTypes, ConfigResourceTypes, logLevel } = require(`${process.env.DETERMINISTIC_KAFKAJS}/node_modules/kafkajs`);

const [bootstrap, scenario, ...parameters] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'kafkajs-test', brokers: [bootstrap], logLevel: logLevel.ERROR, retry: { retries: 8 } });
const fresh = (what) => `kafkajs-${what}-${randomUUID().slice(0, 8)}`;

// A promise with a deadline, resolved from outside: every wait here is for a condition and says what it waited for.
function signal(what, milliseconds = 60000) {
  let resolve;
  const done = new Promise((yes, no) => {
    const timer = setTimeout(() => no(new Error(`no ${what} within ${milliseconds} ms`)), milliseconds);
    resolve = (value) => { clearTimeout(timer); yes(value); };
  });
  return { done, resolve };
}

async function withAdmin(work) {
  const admin = kafka.admin();
  await admin.connect();
  try { return await work(admin); } finally { await admin.disconnect(); }
}

async function create(partitions) {
  const topic = fresh('topic');
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }));
  return topic;
}

async function produce(topic, count, partitions, compression) {
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const messages = [];
  for (let i = 0; i < count; i++) {
    messages.push({ key: `key ${i}`, value: `value ${i}`, partition: i % partitions, headers: { number: `${i}` } });
  }
  for (let at = 0; at < count; at += 500) {
    await producer.send({ topic, acks: -1, compression, messages: messages.slice(at, at + 500) });
  }
  await producer.disconnect();
}

async function produce_and_read() {
  for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
    const topic = await create(3);
    await produce(topic, 3000, 3, compression);
    const consumer = kafka.consumer({ groupId: fresh('group') });
    const all = signal('3000 records');
    let seen = 0;
    let wrong;
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const i = Number(message.offset) * 3 + partition;
        if (`${message.key}` !== `key ${i}` || `${message.value}` !== `value ${i}` || `${message.headers.number}` !== `${i}`) {
          wrong = { partition, message };
        }
        if (++seen === 3000) all.resolve();
      },
    });
    await all.done;
    await consumer.disconnect();
    assert.strictEqual(wrong, undefined);
    assert.strictEqual(seen, 3000);
  }
}

// Starts two members and resolves once each holds `each` partitions; onMessage sees what either reads.
async function twoMembers(topic, groupId, each, onMessage) {
  const held = [0, 0];
  const split = signal('split of the partitions between two members');
  const consumers = [];
  for (const i of [0, 1]) {
    const consumer = kafka.consumer({ groupId, sessionTimeout: 20000, heartbeatInterval: 1000, maxWaitTimeInMs: 500 });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      held[i] = (payload.memberAssignment[topic] || []).length;
      if (held[0] === each && held[1] === each) split.resolve();
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: (batch) => onMessage(i, batch) });
    consumers.push(consumer);
  }
  await split.done;
  return consumers;
}

async function group_of_two() {
  const topic = await create(4);
  const groupId = fresh('group');
  const seen = [];
  const all = signal('400 records');
  const consumers = await twoMembers(topic, groupId, 2, async (member, { partition, message }) => {
    seen.push(`${partition}/${message.offset}`);
    if (seen.length === 400) all.resolve();
  });
  await produce(topic, 400, 4, CompressionTypes.None);
  await all.done;
  const described = await withAdmin((admin) => admin.describeGroups([groupId]));
  assert.strictEqual(described.groups[0].state, 'Stable');
  assert.strictEqual(described.groups[0].members.length, 2);
  for (const consumer of consumers) await consumer.disconnect();
  assert.strictEqual(new Set(seen).size, 400);
  await withAdmin(async (admin) => {
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
    assert.deepStrictEqual(committed.partitions.map((p) => p.offset), ['100', '100', '100', '100']);
  });
}

async function admin_calls() {
  const topic = await create(2);
  const groupId = fresh('group');
  await produce(topic, 200, 2, CompressionTypes.None);
  await withAdmin(async (admin) => {
    assert.strictEqual(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }), false);
    assert.ok((await admin.listTopics()).includes(topic));
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.strictEqual(metadata.topics[0].partitions.length, 2);
    const byPartition = (a, b) => a.partition - b.partition;
    let offsets = (await admin.fetchTopicOffsets(topic)).sort(byPartition);
    assert.deepStrictEqual(offsets.map((o) => [o.low, o.high]), [['0', '100'], ['0', '100']]);
    offsets = (await admin.fetchTopicOffsetsByTimestamp(topic, 0)).sort(byPartition);
    assert.deepStrictEqual(offsets.map((o) => o.offset), ['0', '0']);
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '42' }, { partition: 1, offset: '7' }] });
    let committed = (await admin.fetchOffsets({ groupId, topics: [topic] }))[0].partitions.sort(byPartition);
    assert.deepStrictEqual(committed.map((p) => p.offset), ['42', '7']);
    await admin.resetOffsets({ groupId, topic, earliest: true });
    committed = (await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true }))[0].partitions;
    assert.deepStrictEqual(committed.map((p) => p.offset), ['0', '0']);
    assert.ok((await admin.listGroups()).groups.some((g) => g.groupId === groupId));
    await admin.deleteGroups([groupId]);
    assert.ok(!(await admin.listGroups()).groups.some((g) => g.groupId === groupId));
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '30' }] });
    offsets = (await admin.fetchTopicOffsets(topic)).sort(byPartition);
    assert.deepStrictEqual(offsets.map((o) => o.low), ['30', '0']);
    await adminOfTopic(admin, topic);
  });
}

async function adminOfTopic(admin, topic) {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  await admin.alterConfigs({ resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '123456' }] }] });
  const described = await admin.describeConfigs({ resources: [{ ...resource, configNames: ['retention.ms'] }] });
  assert.strictEqual(described.resources[0].configEntries[0].configValue, '123456');
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
  assert.strictEqual((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length, 4);
  const cluster = await admin.describeCluster();
  assert.ok(cluster.brokers.length >= 1 && cluster.clusterId.length > 0);
  await admin.deleteTopics({ topics: [topic] });
  assert.ok(!(await admin.listTopics()).includes(topic));
}

// read_lines TOPIC RECORDS: two members read a topic of several partitions whole; each record is written to standard output
// as "partition offset value". Not a check: used by show-100mb.sh. No member takes a batch before both hold partitions: one
// that read alone first would, rightly, hand over records it had not committed, and they would come twice.
async function read_lines() {
  const [topic, wanted] = [parameters[0], Number(parameters[1])];
  const all = signal(`${wanted} records`, 600000);
  const held = [0, 0];
  const counts = [0, 0];
  const groupId = fresh('group');
  const consumers = [];
  for (const i of [0, 1]) {
    const consumer = kafka.consumer({ groupId, heartbeatInterval: 300, maxBytesPerPartition: 4 << 20 });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => { held[i] = (payload.memberAssignment[topic] || []).length; });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachBatch: async ({ batch, heartbeat }) => {
        while (held[0] === 0 || held[1] === 0) {
          await heartbeat(); // Throws when the group rebalances: the batch comes again, to whoever then owns it.
          await new Promise((resume) => setTimeout(resume, 100));
        }
        const lines = batch.messages.map((m) => `${batch.partition} ${m.offset} ${m.value}\n`).join('');
        for (let bytes = Buffer.from(lines); bytes.length > 0;) bytes = bytes.subarray(writeSync(1, bytes));
        counts[i] += batch.messages.length;
        if (counts[0] + counts[1] >= wanted) all.resolve();
      },
    });
    consumers.push(consumer);
  }
  await all.done;
  for (const consumer of consumers) await consumer.disconnect();
  console.error(`kafkajs: group of two read ${counts[0]} + ${counts[1]} records`);
}

// create_topic TOPIC PARTITIONS: not a check either.
async function create_topic() {
  const [topic, partitions] = parameters;
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: Number(partitions) }] }));
}

const scenarios = { produce_and_read, group_of_two, admin_calls, read_lines, create_topic };
scenarios[scenario]().then(
  () => { console.error(`${scenario}: held`); process.exit(0); },
  (failure) => { console.error(failure); process.exit(1); },
);
