import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.shaded.org.apache.avro.Conversions;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericData;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumReader;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericRecord;
import org.apache.flink.avro.shaded.org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Prints the records of topics in Confluent's wire format, from the first offset to the current end. One line for each
 * record: the topic, a space, and the fields as JSON in the form of read_topic.py. Arguments: brokers, URL of the
 * registry, topics.
 *
 * Reads as Confluent's KafkaAvroDeserializer does: Confluent's client gets the schema by its id and subject, and Avro's
 * GenericDatumReader decodes the body. The deserializer itself is not on Maven Central. Flink's jar has the client and
 * Avro, under other package names.
 */
public class ReadTopics {
  public static void main(String[] arguments) throws Exception {
    var registry = new CachedSchemaRegistryClient(arguments[1], 100);
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("isolation.level", "read_committed");
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = Stream.of(arguments).skip(2)
          .flatMap(topic -> consumer.partitionsFor(topic).stream())
          .map(of -> new TopicPartition(of.topic(), of.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (var message : consumer.poll(Duration.ofMillis(100))) {
          ByteBuffer bytes = ByteBuffer.wrap(message.value());
          if (bytes.get() != 0) throw new IllegalStateException("not Confluent's wire format");
          String subject = message.topic() + "-value";
          String schema = registry.getSchemaBySubjectAndId(subject, bytes.getInt()).canonicalString();
          System.out.println(message.topic() + " " + json(decode(bytes, new Schema.Parser().parse(schema))));
        }
      }
    }
  }

  private static GenericRecord decode(ByteBuffer bytes, Schema schema) throws Exception {
    GenericData model = new GenericData();
    model.addLogicalTypeConversion(new Conversions.DecimalConversion());
    var decoder = DecoderFactory.get().binaryDecoder(bytes.array(), bytes.position(), bytes.remaining(), null);
    GenericRecord record = new GenericDatumReader<GenericRecord>(schema, schema, model).read(null, decoder);
    if (!decoder.isEnd()) throw new IllegalStateException("bytes after the " + schema.getName());
    return record;
  }

  private static String json(Object value) {
    if (value instanceof GenericRecord record) {
      return record.getSchema().getFields().stream()
          .map(field -> text(field.name()) + ":" + json(record.get(field.name())))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream().map(entry -> text(entry.getKey()) + ":" + json(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof Collection<?> list) {
      return list.stream().map(ReadTopics::json).collect(Collectors.joining(",", "[", "]"));
    }
    if (value instanceof ByteBuffer bytes) return text(Base64.getEncoder().encodeToString(bytes.array()));
    if (value instanceof BigDecimal decimal) return text(decimal.stripTrailingZeros().toPlainString());
    return value instanceof CharSequence ? text(value) : String.valueOf(value);
  }

  private static String text(Object value) {
    return '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
