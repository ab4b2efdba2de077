/** Entry of the worker that reads faces on this device. */

import { Host, type ReportPort } from "./host";
import type { OrderMessage } from "./messages";
import { openReader } from "./opening";
import { Pixels } from "./pixels";

const pixels = new Pixels();
const host = new Host(globalThis as unknown as ReportPort, {
  open: openReader,
  pixels: (bitmap) => pixels.read(bitmap),
});

addEventListener("message", (event: MessageEvent<OrderMessage>) => {
  void host.take(event.data);
});
