import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';

/** Compresses and decompresses the records of a batch with one of Kafka's codecs. */
export interface Codec {
  compress(bytes: Buffer): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** The codecs by Kafka's names; packages are loaded when a codec is first used. */
export const CODECS: Readonly<Record<'gzip' | 'snappy' | 'lz4' | 'zstd', Codec>> = {
  gzip: { compress: promisify(gzip) as (bytes: Buffer) => Promise<Buffer>, decompress: promisify(gunzip) },
  zstd: {
    compress: promisify(zstdCompress) as (bytes: Buffer) => Promise<Buffer>,
    decompress: promisify(zstdDecompress),
  },
  lz4: {
    compress: async (bytes) => (await import('lz4-napi')).compressFrame(bytes),
    decompress: async (bytes) => (await import('lz4-napi')).decompressFrame(bytes),
  },
  snappy: { compress: snappyCompress, decompress: snappyDecompress },
};

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
async function snappyDecompress(bytes: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappyjs');
  if (XERIAL.compare(bytes, 0, XERIAL_MAGIC_BYTES, 0, XERIAL_MAGIC_BYTES) !== 0) return Buffer.from(uncompress(bytes));
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL.length; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    blocks.push(uncompress(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}
