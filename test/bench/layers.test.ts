import { describe, expect, it } from 'vitest';
import { layersOf, layersTable } from '../../bench/profile/layers.ts';

const frame = (functionName: string, url = '') => ({
  ...({ functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 } as const),
});
const NODES = [
  { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 7] },
  { id: 2, callFrame: frame('(idle)') },
  { id: 3, callFrame: frame('(garbage collector)') },
  { id: 4, callFrame: frame('decode', 'file:///here/src/venues/binance/decode.ts'), children: [5, 6] },
  { id: 5, callFrame: frame('toString') },
  { id: 6, callFrame: frame('write', 'node:net'), children: [8] },
  { id: 7, callFrame: frame('request', 'file:///here/node_modules/kafkajs/src/index.js') },
  { id: 8, callFrame: frame('writeBuffer') },
];

describe('layersOf and layersTable', () => {
  it('assign the time of each function to the layer of its file, or of its caller, and leave out idle time', () => {
    // The last sample lasts until the profile ends, at an unknown time, so it does not count.
    const layers = layersOf({
      ...{ nodes: NODES, startTime: 0, endTime: 100 },
      samples: [2, 4, 5, 6, 7, 3, 8, 2, 2],
      timeDeltas: [0, 10, 1, 2, 3, 4, 5, 20, 30],
    });
    expect(Object.fromEntries(layers)).toEqual({
      'decoding, validation': 3,
      'Node: sockets, streams, timers': 3,
      'Kafka client': 4,
      'garbage collector, main thread': 5,
    });
  });

  it('list the CPU time of each layer per trade, with a column for each CPU profile, largest first', () => {
    const columns = [
      { title: 'few', layers: new Map([['a', 10]]), trades: 10 },
      {
        title: 'many',
        layers: new Map([
          ['b', 50],
          ['a', 5],
        ] as const),
        trades: 20,
      },
    ];
    expect(layersTable(columns).split('\n').slice(2)).toEqual([
      '| b | 0.00 | 2.50 |',
      '| a | 1.00 | 0.25 |',
      '| all | 1.00 | 2.75 |',
    ]);
  });
});
