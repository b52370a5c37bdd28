/**
 * The engine's thread in a browser: the page's thread decodes nothing, fetches nothing and waits for nothing.
 */
import type { Request } from "../worker/messages.ts";
import { serveEngine } from "../worker/serve-engine.ts";
import { browserPlatform } from "./platform.ts";

const receive = serveEngine(browserPlatform, (reply, transfer) => postMessage(reply, { transfer }));
addEventListener("message", ({ data }: MessageEvent<Request>) => receive(data));
