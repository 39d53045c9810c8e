package market.feed.flink;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * Runs a file of Flink SQL in this process, on an embedded cluster: statements that end with a semicolon at a line's
 * end, one after the other. Returns when the jobs that they started have ended; a job over an unbounded topic never
 * ends.
 */
public final class RunSql {
  /** SET is a command of Flink's client and not of its SQL, so this program executes it itself. */
  private static final Pattern SET = Pattern.compile("\\s*SET\\s+'(.*?)'\\s*=\\s*'(.*?)'\\s*");

  private RunSql() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 1) {
      System.err.println("usage: RunSql FILE");
      System.exit(2);
    }
    String script = Files.readString(Path.of(arguments[0])).replaceAll("(?m)^\\s*--.*$", "");
    TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    for (String statement : script.split(";\\s*(\\R|$)")) {
      if (statement.isBlank()) {
        continue;
      }
      Matcher set = SET.matcher(statement);
      if (set.matches()) {
        tables.getConfig().set(set.group(1), set.group(2));
        continue;
      }
      TableResult result = tables.executeSql(statement);
      if (result.getJobClient().isPresent()) {
        result.await();
      }
    }
  }
}
