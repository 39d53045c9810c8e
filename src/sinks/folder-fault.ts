import { errorCode, Fault } from '../domain/fault.ts';

/** Another writer, usually another process, has locked the folder. */
export class FolderInUse extends Fault {
  constructor(dir: string, holder: string) {
    const message = `${dir} is in use: ${holder} writes to it; stop that process, or use another folder`;
    super('sink', message, { retry: { kind: 'never' } });
  }
}

/** Error codes of a folder that no retry makes usable. */
const PERMANENT = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

/** Makes a Fault of an error of the file system. Its retry is `never` if no retry makes the folder usable. */
export function folderFault(error: unknown, who: string): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error) ?? '';
  const isFileInPlace = code === 'EEXIST' && error instanceof Error && 'syscall' in error && error.syscall === 'mkdir';
  const fault = fileFault(error, who);
  if (!PERMANENT.has(code) && !isFileInPlace) return fault;
  return new Fault(fault.kind, fault.message, { cause: error, retry: { kind: 'never' } });
}

/** Makes a Fault that is retried. */
export function fileFault(error: unknown, who: string): Fault {
  if (error instanceof Fault) return error;
  return new Fault('sink', `${who}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
