/* The parts of the chart library that the page uses. They are half of the page's code, so they have a file of their own. */
export { CandlestickSeries, ColorType, createChart, HistogramSeries } from 'lightweight-charts';
