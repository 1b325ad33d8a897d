import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import software.amazon.event.ruler.Machine;

/**
 * Matches events with AWS's own implementation of event patterns. Reads {"patterns": [...], "events": [...]} and writes, for each pattern,
 * {"matches": [true, ...]} with one value an event, or {"error": "..."} if the pattern is not valid.
 */
public class JudgePatterns {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        JsonNode input = JSON.readTree(System.in);
        ArrayNode verdicts = JSON.createArrayNode();
        for (JsonNode pattern : input.get("patterns")) {
            verdicts.add(verdict(pattern.toString(), input.get("events")));
        }
        System.out.println(verdicts);
    }

    private static ObjectNode verdict(String pattern, JsonNode events) {
        ObjectNode verdict = JSON.createObjectNode();
        try {
            Machine machine = new Machine();
            machine.addRule("rule", pattern);
            ArrayNode matches = verdict.putArray("matches");
            for (JsonNode event : events) {
                matches.add(!machine.rulesForJSONEvent(event.toString()).isEmpty());
            }
        } catch (Exception error) {
            verdict.removeAll();
            verdict.put("error", String.valueOf(error.getMessage()));
        }
        return verdict;
    }
}
