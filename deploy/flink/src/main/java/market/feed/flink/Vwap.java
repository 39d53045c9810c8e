package market.feed.flink;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.functions.AggregateFunction;

/** The mean price by quantity: one rounding, half-even at 18 places; NULL where nothing was traded. */
@FunctionHint(output = @DataTypeHint("DECIMAL(38, 18)"))
public final class Vwap extends AggregateFunction<BigDecimal, Products> {
  @Override
  public Products createAccumulator() {
    return new Products();
  }

  public void accumulate(
      Products sums,
      @DataTypeHint("DECIMAL(38, 18)") BigDecimal price,
      @DataTypeHint("DECIMAL(38, 18)") BigDecimal quantity) {
    if (price != null && quantity != null) {
      sums.add(price, quantity);
    }
  }

  @Override
  public BigDecimal getValue(Products sums) {
    return sums.weight.signum() == 0 ? null : sums.value.divide(sums.weight, 18, RoundingMode.HALF_EVEN);
  }
}
