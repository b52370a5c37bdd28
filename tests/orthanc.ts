/**
 * A real picture archive for tests: Debian's Orthanc with its DICOMweb plugin, on loopback, with a storage folder of its
 * own that goes when it stops.
 *
 * TLS        by a proxy in front of it, as archives are often run: Debian 12's own (civetweb with OpenSSL 3) ends with a
 *            segmentation fault at the first connection.
 * Packages   orthanc, orthanc-dicomweb. Where they are missing, `orthancIsMissing` is the reason for skipping.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer as createTlsServer } from "node:tls";

const PROGRAM = "/usr/sbin/Orthanc";
const PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
const START_MS = 20_000;

/** For `test(name, { skip: orthancIsMissing }, ...)`. */
export const orthancIsMissing: string | false =
  !(existsSync(PROGRAM) && existsSync(PLUGIN)) && "orthanc and orthanc-dicomweb are not installed on this machine";

export interface OrthancOptions {
  /** Passwords by user; without them everybody is let in. */
  readonly users?: Readonly<Record<string, string>>;
  /** Is reached by https, with a certificate for localhost that an authority of its own has signed. @default false */
  readonly hasTls?: boolean;
}

export interface Orthanc {
  /** Of its DICOMweb service. */
  readonly url: string;
  /** For DIMSE, with the AE title ORTHANC. */
  readonly dicomPort: number;
  /** PEM file of the authority, where there is TLS. */
  readonly authority: string;
  /** Ends it and removes what it stored. */
  stop(): Promise<void>;
}

export async function startOrthanc({ users, hasTls = false }: OrthancOptions = {}): Promise<Orthanc> {
  const folder = mkdtempSync(join(tmpdir(), "medssl-orthanc-"));
  const [httpPort, dicomPort] = await freePorts(2);
  const proxy = hasTls ? await tlsProxy(folder, httpPort!) : undefined;
  const config = {
    Name: "test",
    StorageDirectory: join(folder, "storage"),
    IndexDirectory: join(folder, "storage"),
    Plugins: [PLUGIN],
    HttpServerEnabled: true,
    HttpPort: httpPort,
    HttpBindAddresses: ["127.0.0.1"],
    RemoteAccessAllowed: false,
    AuthenticationEnabled: users !== undefined,
    RegisteredUsers: users ?? {},
    DicomServerEnabled: true,
    DicomAet: "ORTHANC",
    DicomPort: dicomPort,
    DicomAlwaysAllowGet: true,
    DicomModalities: { tests: ["MEDSSL", "127.0.0.1", 104] },
    OverwriteInstances: true,
    DicomWeb: { Enable: true, Root: "/dicom-web/", EnableWado: false },
  };
  mkdirSync(join(folder, "storage"));
  writeFileSync(join(folder, "orthanc.json"), JSON.stringify(config));
  const log = join(folder, "log");
  const output = openSync(log, "w");
  const program = spawn(PROGRAM, [join(folder, "orthanc.json")], { stdio: ["ignore", output, output] });
  const kill = () => program.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    if (program.exitCode === null && program.signalCode === null) {
      // It takes seconds to end by itself, and nothing of it is kept.
      kill();
      await once(program, "exit");
    }
    proxy?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await started(program, log);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = proxy === undefined ? `http://127.0.0.1:${httpPort}` : `https://localhost:${portOf(proxy)}`;
  return { url: `${url}/dicom-web`, dicomPort: dicomPort!, authority: join(folder, "authority.pem"), stop };
}

/** Its own log says when it serves, whatever login and certificates it wants. */
async function started(program: ChildProcess, log: string): Promise<void> {
  for (const beganMs = Date.now(); Date.now() - beganMs < START_MS; await sleep(50)) {
    const text = readFileSync(log, "utf8");
    if (text.includes("Orthanc has started")) return;
    if (program.exitCode !== null) throw new Error(`Orthanc did not start:\n${text}`);
  }
  throw new Error(`Orthanc did not start within ${START_MS} ms:\n${readFileSync(log, "utf8")}`);
}

/** Ports that nobody listens to at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports.push(portOf(server));
  }
  for (const server of servers) server.close();
  return ports;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return address.port;
}

/** Takes TLS off what comes and hands it on to Orthanc. */
async function tlsProxy(folder: string, port: number): Promise<Server> {
  makeCertificates(folder);
  const pem = readFileSync(join(folder, "server.pem"));
  const proxy = createTlsServer({ key: pem, cert: pem }, (socket) => {
    const inner = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      from.pipe(to);
      from.on("error", () => to.destroy());
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return proxy;
}

/** authority.pem, and server.pem with the certificate that it signed and its key. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const newKey = ["-newkey", "rsa:2048", "-nodes", "-sha256"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "authority.key",
    "-out",
    "authority.pem",
    "-days",
    "2",
    "-subj",
    "/CN=test authority",
  );
  openssl("req", ...newKey, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
  writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signing = [
    "-CA",
    "authority.pem",
    "-CAkey",
    "authority.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "names",
  ];
  openssl("x509", "-req", "-in", "server.csr", "-out", "server.crt", ...signing);
  const pem = ["server.key", "server.crt"].map((name) => readFileSync(join(folder, name), "utf8")).join("");
  writeFileSync(join(folder, "server.pem"), pem);
}
