import { registerHooks } from 'node:module';

const COMPILER = 'ajv/dist/2020.js';
const COMPILES_NOTHING = 'data:text/javascript,export class Ajv2020 { addKeyword() {} compile() {} }';

/**
 * Keeps @platformatic/kafka from compiling the JSON schemas of its producer's and consumer's options. market-feed uses
 * neither, and starts 50 ms earlier with 10 MiB less. Call it only in a process of our own, before the library is
 * loaded: afterwards the library's producer and consumer do not work.
 */
export function skipSchemas(): void {
  registerHooks({
    resolve: (name, { parentURL }, next) =>
      name === COMPILER && parentURL?.includes('/@platformatic/kafka/') === true
        ? { url: COMPILES_NOTHING, shortCircuit: true }
        : next(name),
  });
}
