import { readFileSync } from 'node:fs';
import { asyncScheduler, EMPTY, lastValueFrom, NEVER, of, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import * as operators from '../../src/operators/index.ts';

/** What is made of an operator's options; programs in JavaScript may pass anything. */
type Make = (options: unknown) => unknown;

/** The kinds of values that an option may have. */
const KINDS = {
  text: ['', 'halt'],
  ms: [0, 5, 0.5, Number.POSITIVE_INFINITY],
  number: [Number.NaN, -1, Number.NEGATIVE_INFINITY],
  flag: [true, false],
  function: [() => 1],
  object: [{}, { schedule: 1 }, { unknownName: 1 }],
  list: [[], ['halt'], [Number.NaN]],
  other: [null, 7n, Symbol('other')],
} as const;
type Kind = keyof typeof KINDS;

interface Case {
  readonly make: Make;
  /** Options that are complete. */
  readonly good: Readonly<Record<string, unknown>>;
  /** The kinds that each option may have. */
  readonly kinds: Readonly<Record<string, readonly Kind[]>>;
  readonly required: readonly string[];
}

const fn = () => 0;
const untyped = <O>(make: (options: O) => unknown): Make => make as Make;
const timing = { graceMs: 1, failBackAfterMs: 1, connectTimeoutMs: 1, ringSpan: 1 };
const sources = [
  { id: 'bybit', events$: NEVER },
  { id: 'binance', events$: NEVER },
];
const contiguous = { first: fn, last: fn, timestamp: fn };
const sparse = { id: String, compare: fn, timestamp: fn };

const CASES: Readonly<Record<string, Case>> = {
  retryBackoff: {
    make: untyped(operators.retryBackoff),
    good: {
      ...{ initialDelayMs: 1, maxDelayMs: 9, isData: fn, maxAttempts: 2, probeEveryMs: 5, onNever: 'probe' },
      ...{ immediate: { afterMs: 1, jitterMs: 1, everyMs: 1 }, random: Math.random, onRetry: fn },
      scheduler: asyncScheduler,
    },
    kinds: {
      ...{ initialDelayMs: ['ms'], maxDelayMs: ['ms'], maxAttempts: ['ms'], probeEveryMs: ['ms'] },
      ...{ isData: ['function'], random: ['function'], onRetry: ['function'] },
    },
    required: ['initialDelayMs', 'maxDelayMs', 'isData'],
  },
  detectStale: {
    make: untyped(operators.detectStale),
    good: { staleAfterMs: 1, isData: fn, scheduler: asyncScheduler },
    kinds: { staleAfterMs: ['ms'], isData: ['function'] },
    required: ['staleAfterMs', 'isData'],
  },
  requireFresh: {
    make: untyped(operators.requireFresh),
    good: { maxAgeMs: 1, onStale: 'halt', receivedAt: fn, clock: fn, scheduler: asyncScheduler },
    kinds: { maxAgeMs: ['ms'], onStale: ['text'], receivedAt: ['function'], clock: ['function'] },
    required: ['maxAgeMs', 'onStale'],
  },
  failover: {
    make: (options) => operators.failover(sources, options as operators.FailoverOptions<unknown>),
    good: {
      ...{ ...timing, startWith: 'binance', keepInRing: fn, nextEpoch: fn, canResume: fn, onLapsed: fn },
      scheduler: asyncScheduler,
    },
    kinds: {
      ...{ graceMs: ['ms'], failBackAfterMs: ['ms'], connectTimeoutMs: ['ms'], ringSpan: ['ms'] },
      ...{ keepInRing: ['function'], nextEpoch: ['function'], canResume: ['function'], onLapsed: ['function'] },
    },
    required: ['graceMs', 'failBackAfterMs', 'connectTimeoutMs', 'ringSpan'],
  },
  repairGaps: {
    make: untyped(operators.repairGaps),
    good: {
      ...{ key: String, first: fn, last: fn, timestamp: fn, fetch: () => EMPTY, graceMs: 1, holdMs: 1, atOnce: 1 },
      ...{ maxHeld: 1, scheduler: asyncScheduler },
    },
    kinds: {
      ...{ key: ['function'], first: ['function'], last: ['function'], timestamp: ['function'], fetch: ['function'] },
      ...{ graceMs: ['ms', 'function'], holdMs: ['ms'], atOnce: ['ms'], maxHeld: ['ms'] },
    },
    required: ['first', 'timestamp', 'fetch'],
  },
  'repairGaps of lines': {
    make: untyped(operators.repairGaps),
    good: {
      ...{ key: fn, line: fn, value: fn, sequence: fn, changes$: NEVER, fetch: () => EMPTY, onPossibleGap: fn },
      ...{ graceMs: () => 1, holdMs: 1, atOnce: 1, scheduler: asyncScheduler },
    },
    kinds: {
      ...{ key: ['function'], line: ['function'], value: ['function'], sequence: ['function'], fetch: ['function'] },
      ...{ onPossibleGap: ['function'], graceMs: ['ms', 'function'], holdMs: ['ms'], atOnce: ['ms'] },
    },
    required: ['key', 'line', 'value'],
  },
  circuitBreaker: {
    make: untyped(operators.circuitBreaker),
    good: { sources: { feed: { maxSilenceMs: 1 }, lag: {} }, resumeAfterMs: 1, scheduler: asyncScheduler },
    kinds: { resumeAfterMs: ['ms'] },
    required: ['sources', 'resumeAfterMs'],
  },
  deduplicate: {
    make: untyped(operators.deduplicate),
    good: { key: String, size: 1, onDuplicate: fn },
    kinds: { key: ['function'], size: ['ms'], onDuplicate: ['function'] },
    required: ['key', 'size'],
  },
  createSeenWindow: {
    make: (options) => operators.createSeenWindow((options as { size: number }).size),
    good: { size: 1 },
    kinds: { size: ['ms'] },
    required: ['size'],
  },
  conflate: {
    make: untyped(operators.conflate),
    good: { key: String, everyMs: 1, onReplace: fn, scheduler: asyncScheduler },
    kinds: { key: ['function'], everyMs: ['ms'], onReplace: ['function'] },
    required: ['key'],
  },
  'conflate until release$': {
    make: untyped(operators.conflate),
    good: { key: String, release$: NEVER, onReplace: fn },
    kinds: { key: ['function'], onReplace: ['function'] },
    required: ['key'],
  },
  windowStats: {
    make: untyped(operators.windowStats),
    good: {
      ...{ windowMs: [1, 2], allowedLatenessMs: 0, idleAfterMs: 0, timestampOf: fn, keyOf: String, clockOf: String },
      ...{ create: fn, add: fn, onLate: fn, control$: NEVER, scheduler: asyncScheduler },
    },
    kinds: {
      ...{ windowMs: ['ms'], allowedLatenessMs: ['ms'], idleAfterMs: ['ms'], timestampOf: ['function'] },
      ...{ keyOf: ['function'], clockOf: ['function'], create: ['function'], add: ['function'], onLate: ['function'] },
    },
    required: ['windowMs', 'allowedLatenessMs', 'idleAfterMs', 'timestampOf', 'keyOf', 'create', 'add'],
  },
  createTumblingWindows: {
    make: untyped(operators.createTumblingWindows),
    good: {
      ...{ windowMs: 1, allowedLatenessMs: 0, idleAfterMs: 0, timestampOf: fn, keyOf: String, clockOf: String },
      ...{ create: fn, add: fn, onLate: fn },
    },
    kinds: {
      ...{ windowMs: ['ms'], allowedLatenessMs: ['ms'], idleAfterMs: ['ms'], timestampOf: ['function'] },
      ...{ keyOf: ['function'], clockOf: ['function'], create: ['function'], add: ['function'], onLate: ['function'] },
    },
    required: ['windowMs', 'allowedLatenessMs', 'idleAfterMs', 'timestampOf', 'keyOf', 'create', 'add'],
  },
  ContiguousSequence: {
    make: (options) => {
      const { access, maxHeld } = options as { access: typeof contiguous; maxHeld: number };
      return new operators.ContiguousSequence(access, maxHeld);
    },
    good: { access: contiguous, maxHeld: 1 },
    kinds: { maxHeld: ['ms'] },
    required: ['access', 'maxHeld'],
  },
  SparseSequence: {
    make: (options) => {
      const { access, ...rest } = options as { access: typeof sparse };
      return new operators.SparseSequence(access, rest as operators.SparseOptions);
    },
    good: { access: sparse, window: 1, recent: true, maxHeld: 1 },
    kinds: { window: ['ms'], recent: ['flag'], maxHeld: ['ms'] },
    required: ['access', 'window', 'recent', 'maxHeld'],
  },
};
/** Errors and the guard of their properties; they have no options. */
const WITHOUT_OPTIONS = ['RetriesExhausted', 'StaleDataError'];

const quoted = (option: string): string => option.replace('$', '\\$');
const ownerOf = (name: string): string => name.split(' ')[0] ?? name;
const messageOf = (make: Make, options: unknown): string => {
  try {
    make(options);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  return 'accepted';
};

it('tests every function and class that the package exports', () => {
  const exported = Object.keys(operators).filter((name) => !WITHOUT_OPTIONS.includes(name));
  expect([...new Set(Object.keys(CASES).map(ownerOf))].sort()).toEqual(exported.sort());
});

describe.each(Object.entries(CASES))('%s', (name, { make, good, kinds, required }) => {
  const owner = ownerOf(name);

  it('accepts good options', () => {
    expect(messageOf(make, good)).toBe('accepted');
    expect(messageOf(make, { ...good, ...Object.fromEntries(Object.keys(kinds).map((key) => [key, good[key]])) })).toBe(
      'accepted',
    );
  });

  it('refuses each option with each wrong kind of value, and names operator, option and value', () => {
    const wrong = Object.keys(good).flatMap((option) =>
      Object.entries(KINDS).flatMap(([kind, values]) =>
        kinds[option]?.some((allowed) => allowed === kind) === true ? [] : values.map((value) => ({ option, value })),
      ),
    );
    const isGood = ({ option, value }: (typeof wrong)[number]): boolean =>
      value === good[option] || (option === 'onStale' && value === 'halt');
    for (const { option, value } of wrong.filter((one) => !isGood(one))) {
      const message = messageOf(make, { ...good, [option]: value });
      expect(message, `${option}: ${String(value)}`).toMatch(
        new RegExp(`^${owner}: (no option )?([\\w$]+\\.)*${quoted(option)}[ .].*(, allowed: |did you mean|there are )`),
      );
    }
  });

  it('refuses options without a required one', () => {
    for (const option of required) {
      const { [option]: _, ...rest } = good;
      expect(messageOf(make, rest)).toMatch(new RegExp(`^${owner}: [\\w.]*${quoted(option)} is missing, allowed: `));
    }
  });

  it('refuses an unknown name with the nearest known one', () => {
    if (owner === 'createSeenWindow' || owner === 'ContiguousSequence') return;
    for (const option of Object.keys(good).filter((option) => option.length > 4 && option !== 'access')) {
      const { [option]: value, ...rest } = good;
      const misspelt = option.replace(/(.)(.)(\$?)$/, '$2$1$3');
      if (misspelt === option) continue;
      expect(messageOf(make, { ...rest, [misspelt]: value, ...(required.includes(option) ? good : {}) })).toMatch(
        new RegExp(`^${owner}: no option [\\w.]*${quoted(misspelt)} \\(did you mean [\\w.]*${quoted(option)}\\?\\)`),
      );
    }
  });
});

it('each option of the documents is tested, and each tested option is in the documents', () => {
  for (const name of ['retryBackoff', 'detectStale', 'requireFresh', 'failover', 'circuitBreaker', 'deduplicate']) {
    const page = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const text = readFileSync(new URL(`../../docs/operators/${page}.md`, import.meta.url), 'utf8');
    const table = text.slice(text.indexOf('\n## Options\n')).split('\n\n')[1] ?? '';
    const documented = [...table.matchAll(/^\| `([\w$]+)[(`]/gm)].map(([, option = '']) => option);
    expect(documented.sort(), name).toEqual(Object.keys(CASES[name]?.good ?? {}).sort());
  }
});

describe('options that depend on each other', () => {
  it.each<readonly [string, () => unknown]>([
    [
      'retryBackoff: options are nothing, allowed: an object with initialDelayMs,',
      () => untyped(operators.retryBackoff)(undefined),
    ],
    [
      'failover: options are nothing, allowed: an object with graceMs,',
      () => operators.failover([], undefined as never),
    ],
    [
      'failover: sources is [], allowed: at least one source, each with id and events$',
      () => operators.failover([], timing),
    ],
    [
      'failover: sources[1].events$ is missing, allowed: an Observable',
      () => operators.failover([{ id: 'a', events$: NEVER }, { id: 'b' } as never], timing),
    ],
    [
      'failover: sources[1].id is "a", allowed: an id that no other source has',
      () =>
        operators.failover(
          [
            { id: 'a', events$: NEVER },
            { id: 'a', events$: NEVER },
          ],
          timing,
        ),
    ],
    [
      'failover: startWith is "byibt", allowed: bybit, binance',
      () => operators.failover(sources, { ...timing, startWith: 'byibt' }),
    ],
    [
      'retryBackoff: maxDelayMs is -5, allowed: milliseconds above 0, and not Infinity',
      () => operators.retryBackoff({ initialDelayMs: 1, maxDelayMs: -5, isData: () => true }),
    ],
    [
      'retryBackoff: maxDelayMs is 0, allowed: milliseconds above 0',
      () => operators.retryBackoff({ initialDelayMs: 1, maxDelayMs: 0, isData: () => true }),
    ],
    [
      'retryBackoff: maxAttempts is 1.5, allowed: a whole number of 1 or more, or Infinity',
      () => operators.retryBackoff({ initialDelayMs: 1, maxDelayMs: 1, maxAttempts: 1.5, isData: () => true }),
    ],
    [
      'retryBackoff: onNever is "retry", allowed: error, probe',
      () => operators.retryBackoff({ initialDelayMs: 1, maxDelayMs: 1, isData: () => true, onNever: 'retry' as never }),
    ],
    [
      'retryBackoff: immediate.everyMs is missing, allowed: milliseconds of 0 or more',
      () =>
        untyped(operators.retryBackoff)({
          initialDelayMs: 1,
          maxDelayMs: 1,
          isData: fn,
          immediate: { afterMs: 1, jitterMs: 1 },
        }),
    ],
    [
      'retryBackoff: probeEveryMs is missing, allowed: milliseconds above 0',
      () => operators.retryBackoff({ initialDelayMs: 1, maxDelayMs: 1, isData: () => true, onNever: 'probe' }),
    ],
    ['conflate: either release$ or everyMs is needed', () => untyped(operators.conflate)({ key: String })],
    [
      'conflate: either release$ or everyMs is needed, found both',
      () => untyped(operators.conflate)({ key: String, everyMs: 1, release$: NEVER }),
    ],
    [
      'circuitBreaker: sources is {}, allowed: an object with at least one source, each with its limits',
      () => untyped(operators.circuitBreaker)({ sources: {}, resumeAfterMs: 1 }),
    ],
    [
      'circuitBreaker: no option sources.a.maxSilence (did you mean sources.a.maxSilenceMs?); there are maxSilenceMs',
      () => untyped(operators.circuitBreaker)({ sources: { a: { maxSilence: 50 } }, resumeAfterMs: 1 }),
    ],
    [
      'circuitBreaker: sources is missing, allowed: an object with at least one source',
      () => untyped(operators.circuitBreaker)({ resumeAfterMs: 1 }),
    ],
    [
      'windowStats: windowMs is "1s", allowed: milliseconds above 0, and not Infinity, or a list of these',
      () => untyped(operators.windowStats)({ ...CASES.windowStats?.good, windowMs: '1s' }),
    ],
    ['createSeenWindow: size is 0, allowed: a whole number of 1 or more', () => operators.createSeenWindow(0)],
    ['deduplicate: key is 5, allowed: a function', () => untyped(operators.deduplicate)({ key: 5, size: 1 })],
  ])('%s', (message, make) => {
    expect(make).toThrow(message);
  });
});

describe('values of callbacks and reports', () => {
  it('circuitBreaker ends with an error if ok is not true or false', async () => {
    const reports$ = of<operators.ConditionReport<'feed'>>({ source: 'feed', ok: 'false' as never });
    const result$ = reports$.pipe(operators.circuitBreaker({ sources: { feed: {} }, resumeAfterMs: 1 }), toArray());
    await expect(lastValueFrom(result$)).rejects.toThrow('circuitBreaker: ok is "false", allowed: true or false');
  });

  it.each([
    ['first', 'repairGaps: first returned nothing for {"id":7}, allowed: a whole number'],
    ['last', 'repairGaps: last returned "8" for {"id":7}, allowed: a whole number'],
    ['timestamp', 'repairGaps: timestamp returned NaN for {"id":7}, allowed: milliseconds'],
  ])('repairGaps ends with an error if %s returns something else', async (option, message) => {
    const wrong = { first: undefined, last: '8', timestamp: Number.NaN }[option] as never;
    const access = { first: () => 7, last: () => 7, timestamp: () => 1, [option]: () => wrong };
    const result$ = of({ id: 7 }).pipe(operators.repairGaps({ ...access, fetch: () => EMPTY }), toArray());
    await expect(lastValueFrom(result$)).rejects.toThrow(message);
  });
});
