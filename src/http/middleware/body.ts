import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { parse } from "content-type";
import express, { type Request, type Response } from "express";
import { ConnectorError } from "../../lib/errors.ts";
import type { BodyFormat } from "../../platforms/platform.ts";

/** The most bytes of a body whose sender has shown credentials before it is read. */
export const AUTHENTICATED_BYTES = 1024 * 1024;
/** The most bytes of a body that carries its own signature, which therefore anybody can make us read. */
const UNPROVED_BYTES = 128 * 1024;
/** Of all such bodies together, while they arrive: more than the queue's callbacks and Vonage's webhooks ever need. */
const UNPROVED_BYTES_IN_HAND = 32 * 1024 * 1024;
/** What a request takes however small its body. */
const LEAST_BYTES = 8 * 1024;
/** Deeper nesting has no meaning in any contract and overflows the stack of whoever serialises it. */
const MAX_DEPTH = 64;

const UTF8_CHARSETS = new Set(["utf-8", "utf8", "us-ascii"]);

/** What nearly every caller says, so that it need not be taken apart each time. */
const PLAIN_JSON: { type: string; parameters: Record<string, string> } = {
  type: "application/json",
  parameters: {},
};

const MEDIA_TYPES: Record<string, BodyFormat> = {
  "application/json": "json",
  "application/x-www-form-urlencoded": "form",
};

/** What a request carried: its bytes, over which signatures are, and what they say. */
export interface Body {
  bytes: Buffer;
  value: unknown;
}

/**
 * Reads a body of at most `limit` bytes; its value is left in `req.body` as well. Rejects with a ConnectorError:
 * `too_large` 413, `unsupported_media_type` 415, `not_json` or `unreadable` 400.
 */
export async function readBody(
  req: Request,
  res: Response,
  formats: readonly BodyFormat[],
  limit: number,
): Promise<Body> {
  return parsed(req, await readBytes(req, res, limit).bytes, formats);
}

/** The body of somebody whom only the body itself can prove: as `readBody`, or `overloaded` 503. */
export async function readUnprovedBody(
  req: Request,
  res: Response,
  formats: readonly BodyFormat[],
): Promise<Body> {
  const reading = readBytes(req, res, UNPROVED_BYTES);
  const leave = unproved.enter(bytesOf(req.headers), () => {
    // At once: until its bytes are given back, others are let go as well.
    leave();
    res.setHeader("connection", "close");
    reading.giveUp(new ConnectorError("overloaded", "Too many unfinished requests", { retryable: true }));
  });
  try {
    return parsed(req, await reading.bytes, formats);
  } finally {
    leave();
  }
}

function parsed(req: Request, bytes: Buffer, formats: readonly BodyFormat[]): Body {
  const value = parseBody(bytes, req.headers["content-type"], formats);
  req.body = value;
  return { bytes, value };
}

interface Reading {
  bytes: Promise<Buffer>;
  /** Ends it with this error, unless it has ended. */
  giveUp(error: ConnectorError): void;
}

/**
 * The bytes of a body of at most `limit`, or an error as `readBody` has it. As it is sent, it takes two listeners: what
 * Express does for encodings of every kind costs 30 µs more.
 */
export function readBytes(req: Request, res: Response, limit: number): Reading {
  if (req.headers["content-encoding"] !== undefined) return readEncoded(req, res, limit);
  let giveUp: Reading["giveUp"] = () => undefined;
  const bytes = new Promise<Buffer>((resolve, reject) => {
    giveUp = reject;
    if (Number(req.headers["content-length"] ?? 0) > limit) return reject(tooLarge(limit));
    const chunks: Buffer[] = [];
    let length = 0;
    req.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else if (length - chunk.length <= limit) reject(tooLarge(limit));
    });
    req.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    req.on("close", () => {
      if (!req.readableEnded) reject(new ConnectorError("unreadable", "The body did not arrive whole"));
    });
  });
  return { bytes, giveUp };
}

function readEncoded(req: Request, res: Response, limit: number): Reading {
  let giveUp: Reading["giveUp"] = () => undefined;
  const bytes = new Promise<Buffer>((resolve, reject) => {
    giveUp = reject;
    // Whatever its type: signatures are over bytes.
    express.raw({ type: () => true, limit })(req, res, (error) => {
      if (error) reject(bodyError(error, limit));
      else resolve(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0));
    });
  });
  return { bytes, giveUp };
}

/** What a body may take: its length where it says one, and says it of the body as it will be. */
function bytesOf(headers: IncomingHttpHeaders): number {
  const length = headers["content-encoding"] ? Number.NaN : Number(headers["content-length"]);
  return Math.min(UNPROVED_BYTES, Math.max(LEAST_BYTES, Number.isNaN(length) ? UNPROVED_BYTES : length));
}

/** So many bytes for all together. Whoever has been in for the longest time leaves first: honest bodies arrive at once. */
export function createByteBudget(most: number) {
  const inside = new Set<{ bytes: number; evict(): void }>();
  let bytesInside = 0;
  return {
    /** Returns how to leave, which may be done twice. */
    enter(bytes: number, evict: () => void): () => void {
      const entry = { bytes, evict };
      inside.add(entry);
      bytesInside += bytes;
      for (const longest of inside) {
        if (bytesInside <= most || longest === entry) break;
        longest.evict();
      }
      return () => {
        if (inside.delete(entry)) bytesInside -= bytes;
      };
    },
  };
}

/** One for the process, whose memory it is. */
const unproved = createByteBudget(UNPROVED_BYTES_IN_HAND);

/** What the bytes say; throws as `readBody` rejects. */
export function parseBody(
  bytes: Buffer,
  contentType: string | undefined,
  formats: readonly BodyFormat[],
): unknown {
  const { type, parameters } = contentType === PLAIN_JSON.type ? PLAIN_JSON : parse(contentType ?? "");
  const charset = parameters["charset"]?.toLowerCase();
  const format = MEDIA_TYPES[type];
  if (!format || !formats.includes(format)) {
    const allowed = Object.keys(MEDIA_TYPES).filter((type) =>
      formats.includes(MEDIA_TYPES[type] as BodyFormat),
    );
    throw new ConnectorError("unsupported_media_type", `Content-Type must be ${allowed.join(" or ")}`, {
      httpStatus: 415,
    });
  }
  if (charset !== undefined && !UTF8_CHARSETS.has(charset)) {
    throw new ConnectorError("unsupported_media_type", "The charset must be utf-8", { httpStatus: 415 });
  }
  if (!isUtf8(bytes)) throw new ConnectorError("not_json", "The body is not valid UTF-8");
  const text = bytes.toString("utf8");
  return format === "form" ? Object.fromEntries(new URLSearchParams(text)) : parseJson(text);
}

function parseJson(text: string): unknown {
  if (text.trim() === "") throw new ConnectorError("empty_body", "The body is empty");
  if (isTooDeep(text))
    throw new ConnectorError("not_json", `The body is nested more than ${MAX_DEPTH} levels deep`);
  try {
    return JSON.parse(text);
  } catch {
    throw new ConnectorError("not_json", "The body is not valid JSON");
  }
}

/** Counts brackets outside strings; exact for valid JSON, and for anything else the parser has the last word. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) inString = false;
    } else if (c === QUOTE) inString = true;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) return true;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [
  0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d,
];

const tooLarge = (limit: number) =>
  new ConnectorError("too_large", `The body is larger than ${limit} bytes`, { httpStatus: 413 });

function bodyError({ status, type }: { status?: number; type?: string }, limit: number): ConnectorError {
  if (status === 413) return tooLarge(limit);
  if (status === 415)
    return new ConnectorError("unsupported_media_type", "The content encoding is not supported", {
      httpStatus: 415,
    });
  return new ConnectorError("unreadable", `The body could not be read${type ? ` (${type})` : ""}`);
}
