/**
 * Width and height that a picture's own header tells, before anything of it is decoded.
 *
 * A header that lies gains nothing: decoders trust the same fields, and the decoded size is checked
 * again.
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Bytes from a place; fewer at the end of the file. */
export type Read = (at: number, count: number) => Promise<DataView>;

/** Bytes that hold the whole header of every format but JPEG and GIF, whose sizes stand anywhere. */
const HEAD = 4096;

/** Segments or blocks before the size; real files have some dozens. */
const MOST_PARTS = 4096;

/** The size of a file's picture as it is stored; null where the header does not tell. */
export function announcedSize(file: Blob): Promise<Size | null> {
  return sizeFrom(async (at, count) => {
    return new DataView(await file.slice(at, at + count).arrayBuffer());
  });
}

/** The same from anything that can be read in parts. */
export async function sizeFrom(read: Read): Promise<Size | null> {
  const head = await read(0, HEAD);
  const start = latin(head, 0, 12);
  try {
    if (start.startsWith("\x89PNG\r\n\x1a\n"))
      return { width: big4(head, 16), height: big4(head, 20) };
    if (start.startsWith("\xff\xd8")) return await jpegSize(read);
    if (start.startsWith("GIF8")) return await gifSize(head, read);
    if (start.startsWith("BM")) return bmpSize(head);
    if (start.startsWith("RIFF") && start.endsWith("WEBP")) return webpSize(head);
    return start.slice(4, 8) === "ftyp" ? boxedSize(head) : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // the file ends before its size
    throw error;
  }
}

/** The frame header (ITU-T T.81, B.2.2); thumbnails lie inside segments, which are passed over. */
async function jpegSize(read: Read): Promise<Size | null> {
  let at = 2;
  for (let part = 0; part < MOST_PARTS; part += 1) {
    const segment = await read(at, 9);
    if (segment.getUint8(0) !== 0xff) return null;
    const marker = segment.getUint8(1);
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    if (marker === 0xff)
      at += 1; // padding
    else if (isAlone) at += 2;
    else if (marker === 0xd8 || marker === 0xd9 || marker === 0xda) return null;
    else if (isFrame(marker)) {
      return { width: segment.getUint16(7), height: segment.getUint16(5) };
    } else at += 2 + segment.getUint16(2);
  }
  return null;
}

/** SOF0 to SOF15, among which are three that are no frames: DHT, JPG and DAC. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The screen, or the first frame where that is larger (GIF89a, 18 and 20): decoders widen it. */
async function gifSize(head: DataView, read: Read): Promise<Size | null> {
  const screen = { width: head.getUint16(6, true), height: head.getUint16(8, true) };
  let at = 13 + tableBytes(head.getUint8(10));
  for (let part = 0; part < MOST_PARTS; part += 1) {
    const block = await read(at, 10);
    if (block.byteLength === 0) return screen;
    const kind = block.getUint8(0);
    if (kind === 0x2c) {
      return {
        width: Math.max(screen.width, block.getUint16(1, true) + block.getUint16(5, true)),
        height: Math.max(screen.height, block.getUint16(3, true) + block.getUint16(7, true)),
      };
    }
    if (kind !== 0x21) return screen;
    at += 2;
    for (; part < MOST_PARTS; part += 1) {
      const bytes = (await read(at, 1)).getUint8(0);
      at += 1 + bytes;
      if (bytes === 0) break;
    }
  }
  return screen;
}

function tableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** A height below zero means rows from the top. */
function bmpSize(head: DataView): Size {
  return head.getUint32(14, true) === 12
    ? { width: head.getUint16(18, true), height: head.getUint16(20, true) }
    : {
        width: Math.abs(head.getInt32(18, true)),
        height: Math.abs(head.getInt32(22, true)),
      };
}

/** RFC 9649, 2.5 to 2.7. */
function webpSize(head: DataView): Size | null {
  switch (latin(head, 12, 4)) {
    case "VP8X":
      return { width: 1 + little3(head, 24), height: 1 + little3(head, 27) };
    case "VP8L": {
      const bits = head.getUint32(21, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    }
    case "VP8 ":
      return {
        width: head.getUint16(26, true) & 0x3fff,
        height: head.getUint16(28, true) & 0x3fff,
      };
    default:
      return null;
  }
}

/** AVIF and HEIC: the largest of the sizes in the header; those of tiles and thumbnails are less. */
function boxedSize(head: DataView): Size | null {
  let largest: Size | null = null;
  for (let at = 8; at + 16 <= head.byteLength; at += 1) {
    if (latin(head, at, 4) === "ispe") {
      const size = { width: big4(head, at + 8), height: big4(head, at + 12) };
      if (largest === null || pixelsOf(size) > pixelsOf(largest)) largest = size;
    }
  }
  return largest;
}

export function pixelsOf({ width, height }: Size): number {
  return width * height;
}

function big4(view: DataView, at: number): number {
  return view.getUint32(at);
}

function little3(view: DataView, at: number): number {
  return view.getUint16(at, true) + 0x10000 * view.getUint8(at + 2);
}

/** The signs at a place; fewer at the end. */
function latin(view: DataView, at: number, count: number): string {
  const end = Math.min(at + count, view.byteLength);
  let text = "";
  for (let each = at; each < end; each += 1) text += String.fromCharCode(view.getUint8(each));
  return text;
}
