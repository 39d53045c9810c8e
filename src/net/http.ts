/**
 * Node's `node:http`. Take it from here, except its types: an `import` of `node:http` also loads the HTTP client of
 * `fetch`, which takes 16 ms and 13 MiB.
 */
export const http = process.getBuiltinModule('node:http');
