import type { Decimal } from '../domain/decimal.ts';

/** Milliseconds as people say them: `12 ms`, `1.2 s`, `3 m 05 s`, `2 h 10 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${String(minutes % 60).padStart(2, '0')} m`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A duration that may be short, or below zero where clocks differ: one place below ten milliseconds. */
export function latency(ms: number): string {
  if (Math.abs(ms) < 9.95) return `${ms.toFixed(1).replace('-0.0', '0.0')} ms`;
  return ms < 0 ? `-${duration(-ms)}` : duration(ms);
}

/** A count with thousands separators; from ten million on in short, `12.3 M`. */
export function count(value: number): string {
  if (value < 10_000_000) return grouped(String(Math.round(value)));
  return value < 10_000_000_000 ? `${(value / 1_000_000).toFixed(1)} M` : `${(value / 1_000_000_000).toFixed(1)} G`;
}

/** A rate: one place below 100. */
export function rate(value: number): string {
  return value < 100 ? value.toFixed(1) : count(value);
}

/** A decimal with thousands separators and at least `places` places, its value untouched. */
export function amount(value: Decimal, places = 0): string {
  const [whole = '', fraction = ''] = value.split('.');
  const digits = fraction.padEnd(places, '0');
  return grouped(whole) + (digits === '' ? '' : `.${digits}`);
}

/** Places after the point. */
export function placesOf(value: Decimal): number {
  const point = value.indexOf('.');
  return point === -1 ? 0 : value.length - point - 1;
}

/** A percentage with sign and two places, for people. */
export function percent(value: Decimal): string {
  const text = Number(value).toFixed(2);
  if (text === '-0.00') return '+0.00%';
  return `${text.startsWith('-') ? '' : '+'}${text}%`;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
