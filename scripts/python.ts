import { preparePython } from '../test/support/python.ts';

await preparePython();
