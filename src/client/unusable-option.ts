import { Fault } from '../domain/fault.ts';

/** An option that nothing can be done with. */
export const unusableOption = (field: string, message: string): Fault =>
  new Fault('internal', `${field}: ${message}`, { retry: { kind: 'never' }, field });
