const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;
/** Lists of more items have their number in a field of its own. */
const SHORT_LIST = 14;

/** Writes a struct in Thrift's compact protocol, field by field. Their ids rise, by less than 16 a step. */
export class ThriftStruct {
  readonly #bytes: number[] = [];
  #lastId = 0;

  i32(id: number, value: number): this {
    return this.#head(id, I32).#zigzag(value);
  }

  i64(id: number, value: number): this {
    return this.#head(id, I64).#zigzag(value);
  }

  boolean(id: number, value: boolean): this {
    return this.#head(id, value ? TRUE : FALSE);
  }

  binary(id: number, value: Uint8Array | string): this {
    return this.#head(id, BINARY).#binary(value);
  }

  struct(id: number, value: ThriftStruct): this {
    return this.#head(id, STRUCT).#append(value.toBytes());
  }

  i32s(id: number, values: readonly number[]): this {
    this.#list(id, I32, values.length);
    for (const value of values) this.#zigzag(value);
    return this;
  }

  texts(id: number, values: readonly string[]): this {
    this.#list(id, BINARY, values.length);
    for (const value of values) this.#binary(value);
    return this;
  }

  /** @param values structs as `toBytes` returns them */
  structs(id: number, values: readonly Uint8Array[]): this {
    this.#list(id, STRUCT, values.length);
    for (const value of values) this.#append(value);
    return this;
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#bytes.length + 1);
    bytes.set(this.#bytes);
    bytes[this.#bytes.length] = STOP;
    return bytes;
  }

  #head(id: number, type: number): this {
    this.#bytes.push(((id - this.#lastId) << 4) | type);
    this.#lastId = id;
    return this;
  }

  #list(id: number, type: number, length: number): this {
    this.#head(id, LIST);
    if (length <= SHORT_LIST) this.#bytes.push((length << 4) | type);
    else {
      this.#bytes.push(0xf0 | type);
      this.#varint(length);
    }
    return this;
  }

  #binary(value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return this.#varint(bytes.length).#append(bytes);
  }

  #append(bytes: Uint8Array): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  #zigzag(value: number): this {
    return this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): this {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 0x80);
    this.#bytes.push(rest);
    return this;
  }
}
