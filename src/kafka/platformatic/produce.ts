import type { API, produceV7 } from '@platformatic/kafka';

import type { ProduceBody } from '../produce-request.ts';
import { library } from './private-modules.ts';

const { crc32c, createAPI, Writer } = library;
const { api, parseResponse } = library.produceV7;

export type Produced = ReturnType<typeof produceV7.parseResponse>;

/** The library's own maker of this request takes an object for each record and copies its bytes several times. */
export const produce: API<[body: ProduceBody], Produced> = createAPI(
  api.key,
  api.version,
  (body: ProduceBody) => Writer.create().append(body()),
  parseResponse,
  false,
  false,
);
export const bodyChecksum = (bytes: Buffer): number => crc32c(Writer.create().append(bytes).dynamicBuffer);
