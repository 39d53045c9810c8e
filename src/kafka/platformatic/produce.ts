import type { ProduceBody } from '../produce-request.ts';
import { library } from './private-modules.ts';

const { crc32c, createAPI, produceV7, Writer } = library;

export type Produced = ReturnType<typeof produceV7.parseResponse>;

/** The library's own maker of this request takes an object for each record and copies its bytes several times. */
export const produce = createAPI<[body: ProduceBody], Produced>(
  produceV7.api.key,
  produceV7.api.version,
  (body) => Writer.create().append(body()),
  produceV7.parseResponse,
  false,
  false,
);
export const bodyChecksum = (bytes: Buffer): number => crc32c(Writer.create().append(bytes).dynamicBuffer);
