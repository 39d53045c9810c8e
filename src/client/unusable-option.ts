import { Fault } from '../domain/fault.ts';

export const unusableOption = (field: string, message: string): Fault =>
  new Fault('internal', `${field}: ${message}`, { retry: { kind: 'never' }, field });
