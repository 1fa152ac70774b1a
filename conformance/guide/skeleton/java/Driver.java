// A driver: it puts your parser of Handfast under the control of the suite. One JSON object a line comes on stdin, one answer a
// line goes to stdout, nothing else does. What it does not know it answers with "unsupported", and never guesses.
//
// Go on at decodeFrame. `handfast conform next` says what comes next.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

public final class Driver {
    private static final int HEADER = 16, TRAILER = 4; // bytes
    private static final int PING = 0x02;

    private static final String UNSUPPORTED = "\"answer\":\"unsupported\"";
    private static final String MORE = "\"answer\":\"more\""; // good so far, and not whole

    private static String reject(String code) {
        return "\"answer\":\"reject\",\"code\":\"" + code + "\",\"scope\":\"link\"";
    }

    /** The checksum of the first 12 bytes, and of the payload behind the header. */
    private static int checksum(byte[] b, int payload) {
        CRC32C crc = new CRC32C();
        crc.update(b, 0, 12);
        crc.update(b, HEADER, payload);
        return (int) crc.getValue();
    }

    /** Parses the frame at the beginning of b (SPEC.md chapter 8). The order of the checks is that of chapter 14. */
    private static String decodeFrame(byte[] b) {
        if (b.length < HEADER) return MORE;
        ByteBuffer in = ByteBuffer.wrap(b); // big-endian
        if (checksum(b, 0) != in.getInt(12)) return reject("HEADER_CRC"); // FRAME-001
        int type = b[0] & 0xFF, stream = in.getInt(8);
        long length = Integer.toUnsignedLong(in.getInt(4));
        // Here: types 00 and FF, then length over max_frame (FRAME-004, FRAME-003).
        long size = HEADER + length + (length > 0 ? TRAILER : 0);
        if (b.length < size) return MORE;
        int end = HEADER + (int) length; // fits, since the bytes are there
        if (length > 0 && checksum(b, (int) length) != in.getInt(end)) return reject("PAYLOAD_CRC"); // FRAME-002
        // Here: unknown types, frames on the wrong stream, payloads of the wrong size, and all the other types.
        if (type != PING || stream != 0 || length != 24) return UNSUPPORTED;
        String value = "{\"frame\":\"PING\",\"echo\":\"" + Long.toUnsignedString(in.getLong(16)) // integers are decimal texts
            + "\",\"t1\":\"" + in.getLong(24) + "\",\"err_us\":\"" + Integer.toUnsignedString(in.getInt(32)) + "\"}";
        return "\"answer\":\"accept\",\"value\":" + value + ",\"consumed\":\"" + size + "\"";
    }

    private static String decode(Map<String, String> request) {
        if (!"frame".equals(request.get("what"))) return UNSUPPORTED; // msgpack, opening and call are yours
        return decodeFrame(HexFormat.of().parseHex(request.get("hex")));
    }

    private static String answer(Map<String, String> request) {
        switch (request.getOrDefault("op", "")) {
            case "hello":
                return "\"answer\":\"hello\",\"driver\":\"1\",\"impl\":\"my-handfast\",\"version\":\"0.0.1\","
                    + "\"roles\":[\"codec\"],\"spec\":[\"1\"],\"features\":[]";
            case "reset": // forgets everything; there is nothing yet
            case "bye":
                return "\"answer\":\"ok\"";
            case "decode":
                return decode(request);
            default:
                return UNSUPPORTED;
        }
    }

    // A member whose value is a text. Possessive, so that a long text needs no stack.
    private static final Pattern MEMBER = Pattern.compile("\\s*[{,]\\s*\"([^\"\\\\]*+)\"\\s*:\\s*\"((?:[^\"\\\\]++|\\\\.)*+)\"");

    /**
     * Reads an object whose values are texts. Escapes stay as they are: the names and digits of the protocol have none, and an id
     * goes back as it came. What is no text (value of encode) ends the reading: it stands last.
     */
    private static Map<String, String> members(String line) {
        Map<String, String> members = new HashMap<>();
        Matcher m = MEMBER.matcher(line);
        for (int at = 0; m.find(at) && m.start() == at; at = m.end()) members.put(m.group(1), m.group(2));
        return members;
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null; ) {
            Map<String, String> request = members(line);
            out.print("{\"id\":\"" + request.getOrDefault("id", "") + "\"," + answer(request) + "}\n");
            out.flush();
            if ("bye".equals(request.get("op"))) return;
        }
    }
}
