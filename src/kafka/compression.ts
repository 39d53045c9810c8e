import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { errorCode } from '../domain/fault.ts';

/** Compresses and decompresses the records of a batch with one of Kafka's codecs. */
export interface Codec {
  compress(bytes: Buffer): Promise<Buffer>;
  /**
   * Returns undefined if the result has more than `maxBytes`; with lz4 also if it may have that many. Rejects if the
   * bytes are damaged.
   */
  decompress(bytes: Buffer, maxBytes: number): Promise<Buffer | undefined>;
}

/** The codecs by Kafka's names; packages are loaded when a codec is first used. */
export const CODECS: Readonly<Record<'gzip' | 'snappy' | 'lz4' | 'zstd', Codec>> = {
  gzip: { compress: promisify<Buffer, Buffer>(gzip), decompress: byZlib(gunzip) },
  zstd: { compress: promisify<Buffer, Buffer>(zstdCompress), decompress: byZlib(zstdDecompress) },
  lz4: {
    compress: async (bytes) => (await import('lz4-napi')).compressFrame(bytes),
    decompress: async (bytes, maxBytes) =>
      lz4Bound(bytes) > maxBytes ? undefined : (await import('lz4-napi')).decompressFrame(bytes),
  },
  snappy: { compress: snappyCompress, decompress: snappyDecompress },
};

type Unzip = (
  bytes: Buffer,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, result: Buffer) => void,
) => void;

function byZlib(unzip: Unzip): Codec['decompress'] {
  return (bytes, maxOutputLength) =>
    new Promise((resolve, reject) => {
      unzip(bytes, { maxOutputLength }, (error, result) => {
        if (error === null) resolve(result);
        else if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') resolve(undefined);
        else reject(error);
      });
    });
}

const LZ4_MAGIC = 0x184d2204;
const LZ4_MAGIC_BYTES = 4;
/** Bits of the first byte of a frame's descriptor. */
const LZ4_BLOCK_CHECKSUMS = 1 << 4;
const LZ4_CONTENT_SIZE = 1 << 3;
const LZ4_DICTIONARY = 1;
const LZ4_CHECKSUM_BYTES = 4;
const LZ4_LENGTH_MASK = 0x7fffffff;

/**
 * Returns an upper bound for the decompressed length of an LZ4 frame: the number of its blocks times their largest
 * length. The frame's own claim is not believed. @throws Error if the bytes are not one whole frame
 */
function lz4Bound(bytes: Buffer): number {
  if (bytes.readUInt32LE(0) !== LZ4_MAGIC) throw new Error('the records are not an LZ4 frame');
  const flags = bytes.readUInt8(LZ4_MAGIC_BYTES);
  const sizeClass = (bytes.readUInt8(LZ4_MAGIC_BYTES + 1) >> 4) & 7;
  const blockBytes = 2 ** (8 + 2 * sizeClass);
  const checksum = (flags & LZ4_BLOCK_CHECKSUMS) === 0 ? 0 : LZ4_CHECKSUM_BYTES;
  const optional = ((flags & LZ4_CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & LZ4_DICTIONARY) === 0 ? 0 : 4);
  let bound = 0;
  for (let at = LZ4_MAGIC_BYTES + 3 + optional; ; bound += blockBytes) {
    const length = bytes.readUInt32LE(at) & LZ4_LENGTH_MASK;
    if (length === 0) return bound;
    at += 4 + length + checksum;
  }
}

/** The header of Java's SnappyOutputStream (version 1, compatible with 1). Blocks follow, each after its length. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const XERIAL_MAGIC_BYTES = 8;

async function snappyCompress(bytes: Buffer): Promise<Buffer> {
  const { compress } = await import('snappyjs');
  const block = compress(bytes);
  const length = Buffer.alloc(4);
  length.writeInt32BE(block.length);
  return Buffer.concat([XERIAL, length, block]);
}

/** Reads the block framing of Java's snappy library, and the bare block of some clients. */
async function snappyDecompress(bytes: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  const { uncompress } = await import('snappyjs');
  const isFramed = XERIAL.compare(bytes, 0, XERIAL_MAGIC_BYTES, 0, XERIAL_MAGIC_BYTES) === 0;
  const packed = isFramed ? xerialBlocks(bytes) : [bytes];
  if (packed.reduce((sum, block) => sum + snappyLength(block), 0) > maxBytes) return undefined;
  return Buffer.concat(packed.map((block) => uncompress(block)));
}

function xerialBlocks(bytes: Buffer): readonly Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = XERIAL.length; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new Error('a block of the snappy stream is cut off');
    blocks.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

/** The length that a snappy block claims, a varint at its start; snappyjs allocates and fills exactly this length. */
function snappyLength(block: Buffer): number {
  let length = 0;
  for (let index = 0, scale = 1; index < 5; index++, scale *= 128) {
    const byte = block.readUInt8(index);
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return length;
  }
  throw new Error('a block of the snappy stream has no length');
}
