import java.io.File;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Prints trades from Kafka in single-object encoding, that is without a schema registry. Run it from the repository's
 * root:
 *
 *   mvn -q -f examples/pom.xml dependency:copy-dependencies -DoutputDirectory=$PWD/data/libs
 *   java -cp 'data/libs/*' examples/ReadTrades.java localhost:9092 market.trades
 */
public class ReadTrades {
  public static void main(String[] arguments) throws Exception {
    GenericData model = new GenericData();
    model.addLogicalTypeConversion(new Conversions.DecimalConversion());
    model.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
    Schema schema = new Schema.Parser().parse(new File("schemas/trade-event.avsc"));
    BinaryMessageDecoder<GenericRecord> decoder = new BinaryMessageDecoder<>(model, schema);
    // If the topic may have older versions: decoder.addSchema(…) for each of schemas/released/*/trade-event.avsc.

    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("group.id", "read-trades-java");
    settings.put("auto.offset.reset", "earliest");
    settings.put("isolation.level", "read_committed");
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(arguments[1]));
      while (true) {
        for (var message : consumer.poll(Duration.ofSeconds(1))) {
          GenericRecord trade = decoder.decode(message.value());
          BigDecimal price = (BigDecimal) trade.get("price"); // exact
          BigDecimal quantity = (BigDecimal) trade.get("quantity");
          boolean sold = (boolean) trade.get("is_buyer_maker"); // the taker sold
          System.out.printf("%s %s %s %s x %s at %s%n", trade.get("timestamp"), message.key(), sold ? "sell" : "buy",
              price.stripTrailingZeros().toPlainString(), quantity.stripTrailingZeros().toPlainString(),
              trade.get("venue"));
        }
      }
    }
  }
}
