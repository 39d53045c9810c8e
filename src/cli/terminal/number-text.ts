import type { Decimal } from '../../domain/decimal.ts';
import { duration } from '../../domain/duration.ts';

/** A duration that may be short, or negative if clocks differ: one decimal place below ten milliseconds. */
export function latency(ms: number): string {
  if (Math.abs(ms) < 9.95) return `${ms.toFixed(1).replace('-0.0', '0.0')} ms`;
  return ms < 0 ? `-${duration(-ms)}` : duration(ms);
}

/** A count with thousands separators; from ten million as `12.3 M`. */
export function count(value: number): string {
  if (value < 10_000_000) return grouped(String(Math.round(value)));
  return value < 10_000_000_000 ? `${(value / 1_000_000).toFixed(1)} M` : `${(value / 1_000_000_000).toFixed(1)} G`;
}

/** A rate, with one decimal place below 100. */
export function rate(value: number): string {
  return value < 100 ? value.toFixed(1) : count(value);
}

/** An exact decimal with thousands separators and at least `places` decimal places. */
export function amount(value: Decimal, places = 0): string {
  const [whole = '', fraction = ''] = value.split('.');
  const digits = fraction.padEnd(places, '0');
  return grouped(whole) + (digits === '' ? '' : `.${digits}`);
}

/** A percentage with its sign and two decimal places. */
export function percent(value: Decimal): string {
  const text = Number(value).toFixed(2);
  if (text === '-0.00') return '+0.00%';
  return `${text.startsWith('-') ? '' : '+'}${text}%`;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
