import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;

/**
 * Prints what java.time makes of texts under date patterns, as JSON rows [pattern, text, result].
 *
 * The result is epoch milliseconds, "bad pattern" (the pattern is refused, or what it prints for
 * 1970-01-01T00:00Z cannot be read back as a full timestamp) or "bad text". Parsing is lenient,
 * the locale English, a text without a zone is in UTC.
 *
 * Each line of the input is a pattern, a tab and a text. To make the table again with the cases
 * that it has:
 * jq -r '.[] | "\(.[0])\t\(.[1])"' java_time_golden.json | java JavaTimeGolden.java
 */
public final class JavaTimeGolden {
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ENGLISH);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        String separator = "[\n";
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            int tab = line.indexOf('\t');
            String pattern = line.substring(0, tab);
            String text = line.substring(tab + 1);
            out.print(separator + "[" + quote(pattern) + ", " + quote(text) + ", " + answer(pattern, text) + "]");
            separator = ",\n";
        }
        out.print("\n]\n");
        out.flush();
    }

    private static String answer(String pattern, String text) {
        DateTimeFormatter formatter;
        try {
            formatter = new DateTimeFormatterBuilder().parseLenient().appendPattern(pattern).toFormatter();
            String epoch = formatter.format(ZonedDateTime.ofInstant(Instant.EPOCH, ZoneOffset.UTC));
            toInstant(formatter.parse(epoch));
        } catch (IllegalArgumentException | DateTimeException e) {
            return "\"bad pattern\"";
        }
        try {
            return Long.toString(toInstant(formatter.parse(text)).toEpochMilli());
        } catch (DateTimeException | ArithmeticException e) {
            return "\"bad text\"";
        }
    }

    private static Instant toInstant(TemporalAccessor parsed) {
        if (parsed.isSupported(ChronoField.INSTANT_SECONDS)) {
            return Instant.from(parsed);
        }
        return LocalDateTime.from(parsed).toInstant(ZoneOffset.UTC);
    }

    private static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
