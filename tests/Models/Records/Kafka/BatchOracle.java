// What Kafka itself makes of a record batch. Run as a single file on Kafka's jars:
//   java -cp "$KAFKA_HOME/libs/*" BatchOracle.java
// One question a line on standard input, one answer a line on standard output; bytes in hex, "-" for null.
//   append PROPERTIES NOW VERSION BATCHES    a produce request's records to a new partition's log
//   read BATCHES                             all their records
//   write CODEC LEVEL RECORDS                one batch, a record being timestamp:key:value:header=value,...
//   unpack CODEC BYTES                       what the codec's stream holds
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.RecordValidationException;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

public class BatchOracle {
    static final int LEADER_EPOCH = 7;
    static long now;

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            String answer;
            try {
                answer = "ok " + switch (words[0]) {
                    case "append" -> append(words);
                    case "read" -> read(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(words[1]))));
                    case "write" -> write(words);
                    case "unpack" -> unpack(words);
                    default -> throw new IllegalArgumentException(words[0]);
                };
            } catch (RecordValidationException e) {
                StringBuilder text = new StringBuilder("err " + Errors.forException(e.invalidException()).name());
                text.append(' ').append(String.valueOf(e.invalidException().getMessage()).replace('\n', ' '));
                for (ProduceResponse.RecordError error : e.recordErrors()) {
                    text.append('|').append(error.batchIndex);
                }
                answer = text.toString();
            } catch (Throwable e) {
                answer = "err " + Errors.forException(e).name() + " " + e.toString().replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
        System.exit(0);
    }

    static String append(String[] words) throws Exception {
        now = Long.parseLong(words[2]);
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(words[4])));
        ProduceRequest.validateRecords(Short.parseShort(words[3]), records);
        Map<String, Object> config = new HashMap<>();
        config.put("segment.index.bytes", 4096);
        if (!words[1].equals("-")) {
            for (String property : words[1].split(";")) {
                config.put(property.split("=")[0], property.split("=")[1]);
            }
        }
        File parent = Files.createTempDirectory("oracle").toFile();
        File directory = new File(parent, "topic-0");
        directory.mkdir();
        UnifiedLog log = UnifiedLog.create(directory, new LogConfig(config), 0, 0, new Idle(), new BrokerTopicStats(),
            new Clock(), 3600000, new ProducerStateManagerConfig(86400000, false), 600000,
            new LogDirFailureChannel(1), true, Optional.empty());
        try {
            LogAppendInfo info = log.appendAsLeader(records, LEADER_EPOCH, AppendOrigin.CLIENT,
                RequestLocal.noCaching(), VerificationGuard.SENTINEL, (short) 1);
            FileRecords read = (FileRecords) log.read(0, Integer.MAX_VALUE, FetchIsolation.LOG_END, true).records;
            ByteBuffer stored = ByteBuffer.allocate(read.sizeInBytes());
            read.readInto(stored, 0);
            return info.firstOffset() + " " + info.lastOffset() + " " + info.maxTimestamp() + " "
                + info.logAppendTime() + " " + hex(stored);
        } finally {
            log.close();
            for (File file : directory.listFiles()) {
                file.delete();
            }
            directory.delete();
            parent.delete();
        }
    }

    static String read(MemoryRecords records) {
        List<String> all = new ArrayList<>();
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            for (Record record : batch) {
                List<String> headers = new ArrayList<>();
                for (Header header : record.headers()) {
                    headers.add(hex(ByteBuffer.wrap(header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                        + "=" + hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                }
                all.add(record.offset() + ":" + record.timestamp() + ":" + hex(record.key()) + ":"
                    + hex(record.value()) + ":" + String.join(",", headers));
            }
        }
        return String.join("|", all);
    }

    static String write(String[] words) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), codec(words[1], words[2]),
            TimestampType.CREATE_TIME, 0L);
        for (String text : words[3].split("\\|")) {
            String[] parts = text.split(":", -1);
            List<Header> headers = new ArrayList<>();
            for (String header : parts[3].isEmpty() ? new String[0] : parts[3].split(",")) {
                String[] pair = header.split("=", -1);
                headers.add(new RecordHeader(
                    new String(bytes(pair[0]), java.nio.charset.StandardCharsets.UTF_8), bytes(pair[1])));
            }
            builder.append(Long.parseLong(parts[0]), wrap(bytes(parts[1])), wrap(bytes(parts[2])),
                headers.toArray(new Header[0]));
        }
        return hex(builder.build().buffer());
    }

    static String unpack(String[] words) throws Exception {
        try (InputStream in = codec(words[1], "-").wrapForInput(
            ByteBuffer.wrap(bytes(words[2])), RecordBatch.MAGIC_VALUE_V2, BufferSupplier.NO_CACHING)) {
            return hex(ByteBuffer.wrap(in.readAllBytes()));
        }
    }

    static Compression codec(String name, String level) {
        boolean isDefault = level.equals("-");
        return switch (CompressionType.forName(name)) {
            case NONE -> Compression.NONE;
            case SNAPPY -> Compression.snappy().build();
            case GZIP -> isDefault ? Compression.gzip().build()
                : Compression.gzip().level(Integer.parseInt(level)).build();
            case LZ4 -> isDefault ? Compression.lz4().build()
                : Compression.lz4().level(Integer.parseInt(level)).build();
            case ZSTD -> isDefault ? Compression.zstd().build()
                : Compression.zstd().level(Integer.parseInt(level)).build();
        };
    }

    static ByteBuffer wrap(byte[] bytes) {
        return bytes == null ? null : ByteBuffer.wrap(bytes);
    }

    static byte[] bytes(String hex) {
        return hex.equals("-") ? null : HexFormat.of().parseHex(hex);
    }

    static String hex(ByteBuffer buffer) {
        if (buffer == null) {
            return "-";
        }
        ByteBuffer copy = buffer.duplicate();
        copy.rewind();
        byte[] bytes = new byte[copy.remaining()];
        copy.get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** A clock that stands where the question says. */
    static class Clock implements Time {
        public long milliseconds() {
            return now;
        }

        public long nanoseconds() {
            return now * 1000000;
        }

        public void sleep(long ms) {
        }

        public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
        }
    }

    /** Nothing of a log's background work is wanted here. */
    static class Idle implements Scheduler {
        static final ScheduledExecutorService EXECUTOR = Executors.newScheduledThreadPool(0, task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });

        public void startup() {
        }

        public void shutdown() {
        }

        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            return EXECUTOR.schedule(() -> { }, 1, java.util.concurrent.TimeUnit.DAYS);
        }

        public void resizeThreadPool(int threads) {
        }
    }
}
