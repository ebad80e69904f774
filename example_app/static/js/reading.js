// Read the start of a text, in its own charset.

import { ask } from "./requests.js";

const START = 64 * 1024;

/** Read the start of a file. Return its text, its charset, and whether that is the whole file; or an error's status.
 *
 * @param limit the bytes to read at most.
 */
export async function readStart(url, limit = START) {
  const response = await ask("GET", `${url}/data`, { Range: `bytes=0-${limit - 1}` });
  if (response.status === 416) return { text: "", whole: true, size: 0 };
  if (!response.ok) return { status: response.status };
  const bytes = await response.arrayBuffer();
  const size = Number(response.headers.get("Content-Range")?.split("/")[1] ?? bytes.byteLength);
  const whole = size <= bytes.byteLength;
  return { ...decode(bytes, response.headers.get("Content-Type"), whole), whole, size, read: bytes.byteLength };
}

function decode(bytes, type, whole) {
  const [, declared] = /charset="?([\w-]+)/i.exec(type ?? "") ?? [];
  for (const charset of [declared, "utf-8"].filter(Boolean)) {
    try {
      const decoder = new TextDecoder(charset, { fatal: charset !== declared });
      return { text: decoder.decode(bytes, { stream: !whole }), charset: charset.toUpperCase() };
    } catch {
      // a charset that the browser doesn't know, or bytes that are not UTF-8
    }
  }
  return { text: new TextDecoder("windows-1252").decode(bytes), charset: "windows-1252?" };
}
