// Writes messages with Kafka's own classes. Run as a single file on Kafka's jars:
//   java -cp "$KAFKA_HOME/libs/*" WriteMessages.java
// One message a line on standard input: name, version, JSON, parted by spaces. One line of hex each on standard output.
// The name "errors" is answered with every error code: NAME=CODE, and "!" where a client may retry.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

public final class WriteMessages {
    private static final String[] PACKAGES = {
        "org.apache.kafka.common.message.",
        "org.apache.kafka.common.metadata.",
        "org.apache.kafka.coordinator.group.generated.",
        "org.apache.kafka.coordinator.transaction.generated.",
        "org.apache.kafka.coordinator.share.generated.",
        "org.apache.kafka.raft.generated.",
        "org.apache.kafka.server.log.remote.metadata.storage.generated.",
    };

    private static final Map<String, Method> READERS = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split(" ", 3);
            out.println(answer(parts[0], Short.parseShort(parts[1]), mapper.readTree(parts[2])));
        }
        out.flush();
    }

    private static String errors() {
        StringBuilder text = new StringBuilder();
        for (Errors error : Errors.values()) {
            String retry = error.exception() instanceof RetriableException ? "!" : "";
            text.append(error.name()).append('=').append(error.code()).append(retry).append(' ');
        }
        return text.toString().trim();
    }

    private static String answer(String name, short version, JsonNode json) {
        if (name.equals("errors")) {
            return errors();
        }
        try {
            Message message = (Message) reader(name).invoke(null, json, version);
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
            message.write(new ByteBufferAccessor(buffer), cache, version);
            return HexFormat.of().formatHex(buffer.array(), 0, buffer.position());
        } catch (Exception e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return "error " + String.valueOf(cause).replace('\n', ' ');
        }
    }

    /** The converter's read(JsonNode, short), whose class ends in Data where the message is a request or response. */
    private static Method reader(String name) throws ReflectiveOperationException {
        Method known = READERS.get(name);
        if (known != null) {
            return known;
        }
        for (String place : PACKAGES) {
            for (String suffix : new String[] {"DataJsonConverter", "JsonConverter"}) {
                try {
                    Class<?> converter = Class.forName(place + name + suffix);
                    Method read = converter.getMethod("read", JsonNode.class, short.class);
                    READERS.put(name, read);
                    return read;
                } catch (ClassNotFoundException e) {
                    // Another package or suffix has it.
                }
            }
        }
        throw new ClassNotFoundException("no JSON converter for " + name);
    }
}
