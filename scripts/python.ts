import { preparePython } from '../testing/tools/python.ts';

await preparePython();
