/**
 * Returns the URL of a file of this package, by its path in the package. This module is two folders below the package's folder,
 * and so is the bundle of the command line (scripts/build-command.ts).
 */
export const packageFile = (path: string): URL => new URL(`../../${path}`, import.meta.url);
