package market.feed.flink;

import java.math.BigDecimal;
import org.apache.flink.api.common.typeutils.base.BigDecSerializer;
import org.apache.flink.table.annotation.DataTypeHint;

/** Exact sums of weighted values: Flink's own product of two DECIMAL(38, 18) has six places only. */
public final class Products {
  @DataTypeHint(value = "RAW", bridgedTo = BigDecimal.class, rawSerializer = BigDecSerializer.class)
  public BigDecimal value = BigDecimal.ZERO;

  @DataTypeHint(value = "RAW", bridgedTo = BigDecimal.class, rawSerializer = BigDecSerializer.class)
  public BigDecimal weight = BigDecimal.ZERO;

  void add(BigDecimal value, BigDecimal weight) {
    this.value = this.value.add(value.multiply(weight));
    this.weight = this.weight.add(weight);
  }
}
