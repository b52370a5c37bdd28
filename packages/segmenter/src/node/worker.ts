/**
 * The engine's thread in Node. Its own, since ONNX Runtime's calls block the thread that makes them: meanwhile the program
 * decodes and writes.
 */
import { parentPort } from "node:worker_threads";
import type { Request } from "../worker/messages.ts";
import { serveEngine } from "../worker/serve-engine.ts";
import { nodePlatform } from "./platform.ts";

const port = parentPort!;
const receive = serveEngine(nodePlatform, (reply, transfer) => port.postMessage(reply, transfer));
port.on("message", (request: Request) => receive(request));
