/** The points of an SVG polyline through the values, from left to right; the highest value is at the top. */
export function polyline(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return '';
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const step = width / (values.length - 1);
  return values
    .map((value, at) => {
      const y = span === 0 ? height / 2 : height - ((value - low) / span) * height;
      return `${(at * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
